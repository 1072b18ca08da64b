//! Text that is made to hurt: one clear error, in bounded time, stack and memory.

use bundle_manifest::{Lock, Manifest};

/// Parses on a small stack, as a thread of a server or a browser has, and
/// returns the message of the one problem.
fn refused(text: String) -> String {
    let parse = move || {
        let error = Manifest::from_toml(&text).expect_err("hostile text is refused");
        assert!(Lock::from_toml(&text).is_err());
        assert!(error.render(&text, "bundle.toml").len() < 100_000);
        error.to_string()
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(parse);
    thread.expect("a thread starts").join().expect("the stack suffices")
}

#[test]
fn nesting_of_every_kind_is_refused() {
    let n = 10_000;
    let (open, close) = ("[".repeat(n), "]".repeat(n));
    let (dotted, tables) = ("a.".repeat(n), "{a=".repeat(n));
    let braces = "}".repeat(n);
    let cases = [
        format!("x = {open}{close}"),
        format!("x = {open}"),
        format!("x = {tables}1{braces}"),
        format!("x = {tables}"),
        format!("{dotted}a = 1"),
        format!("[{dotted}a]"),
        format!("[[{dotted}a]]"),
        format!("x = {}1{}", "[{a.b.c = ".repeat(n), "}]".repeat(n)),
        format!("{open}{close}"),
        open,
        tables,
    ];
    for text in cases {
        let start = text[..20].to_owned();
        let message = refused(text);
        assert!(message.ends_with("nested deeper than 64 levels"), "{start}: {message}");
    }
}

/// The deepest tree that is let through is read and dropped on a small stack.
#[test]
fn the_deepest_nesting_that_is_read_fits_a_small_stack() {
    let header = "a.".repeat(60);
    let value = format!("{}1{}", "[".repeat(63), "]".repeat(63));
    let text = format!("[[{header}a]]\n[[{header}a.a]]\nb = {value}\n[examples.x]\ny = {value}\n");
    assert!(refused(text).contains("unknown key `a`"));
    let deep_value = format!("{}1{}", "{ a = [".repeat(25), "] }".repeat(25));
    let example =
        format!("[[examples]]\nname = \"x\"\ninputs = {{ x = {{ value = {deep_value} }} }}\n");
    assert!(refused(example).contains("missing key `format`"));
}

#[test]
fn the_size_of_a_text_is_limited() {
    let text = format!("format = 1 #{}", "x".repeat(4 << 20));
    assert_eq!(
        refused(text),
        "line 1, column 1: the file has 4194316 bytes; at most 4194304 are read"
    );
}

#[test]
fn a_thousand_problems_are_cut_short() {
    let text: String =
        (0..1000).map(|n| format!("key{n} = 1\n")).fold(String::new(), |all, line| all + &line);
    let error = Manifest::from_toml(&text).expect_err("unknown keys");
    assert_eq!(error.problems().len(), 50);
}

#[test]
fn a_long_or_strange_text_is_cut_and_escaped_in_messages() {
    let long = format!("format = 1\n\"{}\" = 1\n", "k".repeat(100_000));
    assert!(refused(long).contains(&format!("unknown key `{}…`", "k".repeat(60))));
    let odd_key = "format = 1\n[models.x.constants]\n\"\\u001b[31m\" = 'x'\n".to_owned();
    assert!(refused(odd_key).contains("`models.x.constants.\"\\u{1b}[31m\"` must be a number"));
    let strange = "format = 1\n\"\\u001b[31m\\u202e\" = 1\n".to_owned();
    assert!(refused(strange).contains("unknown key `\\u{1b}[31m\\u{202e}`"));
}

const HEAD: &str = "format = 1\n[bundle]\nname = 'x'\nversion = '1'\ntitle = ''\nlicense = ''\n";

/// Thousands of entries, each of which names another that is not there:
/// what is compared with what must not grow with the square.
#[test]
fn very_many_entries_are_judged_in_bounded_time() {
    let many =
        |entry: &dyn Fn(usize) -> String, n: usize| (0..n).map(entry).collect::<Vec<_>>().concat();
    let model = "[models.m]\nonnx = 'm'\n";
    let inputs =
        many(&|n| format!("[[inputs]]\nname='i{n}'\nkind='tensor'\ntensors.t{n}='value'\n"), 5_000);
    let examples = many(&|n| format!("[[examples]]\nname='e{n}'\ninputs.x={{value=1}}\n"), 5_000);
    let one_input = many(&|n| format!("[[examples]]\nname='e{n}'\ninputs.i0={{value=1}}\n"), 5_000);
    let models = many(&|n| format!("[models.m{n}]\nonnx='m'\n"), 8_000);
    let outputs = many(
        &|n| format!("[[outputs]]\nname='o{n}'\nkind='tensor'\nmodel='x'\ntensors.value='y'\n"),
        5_000,
    );
    let links = many(&|n| format!("[[links]]\nfrom='x.{n}'\nto='y.{n}'\n"), 8_000);
    let columns = many(&|n| format!("{{name='c{n}',kind='number'}},"), 8_000);
    let steps = "{op='standard_scale',mean=[1],scale=[1]},".repeat(200);
    let table = format!(
        "[[inputs]]\nname='t'\nkind='table'\nsteps=[{{op='columns',columns=[{columns}]}},{steps}]\ntensors={{x='y'}}\n"
    );
    let too_many_steps = format!(
        "[[inputs]]\nname='t'\nkind='tensor'\nsteps=[{}]\ntensors={{x='value'}}\n",
        "{op='sigmoid'},".repeat(257)
    );
    let cases = [
        (format!("{HEAD}{model}{inputs}{examples}"), "unknown input `x`"),
        (
            format!("{HEAD}{model}{inputs}{one_input}"),
            "the example `e0` has no value for `i1`, `i10`",
        ),
        (format!("{HEAD}{models}{outputs}"), "unknown model `x`"),
        (format!("{HEAD}{models}{links}"), "unknown model `x`"),
        (
            format!("{HEAD}{model}{table}"),
            "the table has 8000 numeric columns here, but `mean` has 1",
        ),
        (
            format!("{HEAD}{model}{too_many_steps}"),
            "`inputs[0].steps` has 257 steps; at most 256 are run",
        ),
    ];
    for (text, message) in cases {
        let shown = refused(text);
        assert!(shown.contains(message), "{message}: {}", &shown[..shown.len().min(500)]);
    }
}

#[test]
fn odd_but_small_texts_do_not_panic() {
    for text in [
        "",
        "\u{feff}",
        "\u{feff}format = 1",
        "=",
        "[",
        "\"",
        "'''",
        "\r",
        "\r\n[",
        "x",
        "x = ",
        "é = 日",
        "[é]\nx = \u{0}",
        "format = 99999999999999999999",
        "format = -1",
        "format = 1e400",
        "format = 1979-05-27",
        "format = 1\nmodels = []",
        "format = 1\n[models]\nwhy = \"\"\n[models.why]",
    ] {
        let error = Manifest::from_toml(text).expect_err(text);
        assert!(!error.problems().is_empty());
        assert!(!error.render(text, "bundle.toml").is_empty());
    }
}
