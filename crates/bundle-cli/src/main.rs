//! The `bundle` binary.

fn main() -> std::process::ExitCode {
    bundle_cli::main()
}
