//! `bundle` under a name that no other program has.

fn main() -> std::process::ExitCode {
    bundle_cli::main()
}
