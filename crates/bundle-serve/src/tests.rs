//! Requests against routes whose model is a stand-in.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use bundle_demo::{AskError, Asked, Attach};
use bundle_manifest::{ArtifactPath, Example, FileSource, Manifest};
use bundle_preprocess::{InputSource, Outcome, RankedLabel, StepError, Tensor, TensorData};
use bundle_run::{ExampleReplay, Inputs, OutputResult, Prediction, RunError, RunErrorKind};
use bundle_signature::Verification;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::{
    Options, routes,
    state::{Engine, Identity, ServerState},
};

const MANIFEST: &str = r#"
format = 1
[bundle]
name = "pair"
version = "1"
title = "Two </script> inputs"
license = "MIT"
[models.m]
onnx = "m.onnx"
[[inputs]]
name = "left"
kind = "tensor"
tensors = { a = "value" }
[[outputs]]
name = "grade"
kind = "labels"
tensors = { scores = "s" }
labels = { names = ["no", "yes"] }
[[examples]]
name = "one"
inputs = { left = { file = "examples/one.png" } }
expect = { grade = { file = "examples/one.npy" } }
[[examples]]
name = "gone"
inputs = { left = { file = "examples/gone.csv" } }
[[examples]]
name = "typed"
inputs = { left = { value = [1, 2] } }
[[examples]]
name = "odd"
inputs = { left = { file = "examples/page.html" } }
"#;

const SECOND_INPUT: &str = r#"
[[inputs]]
name = "right"
kind = "tensor"
tensors = { b = "value" }
"#;

struct Memory(BTreeMap<&'static str, &'static [u8]>);

impl FileSource for Memory {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        self.0.get(path.to_string().as_str()).map(|content| content.len() as u64)
    }

    fn read(&self, path: &ArtifactPath, _limit: u64) -> io::Result<Vec<u8>> {
        let content = self.0.get(path.to_string().as_str());
        content.map(|content| content.to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Answers with the number of bytes given; what the bytes say decides how it fails.
#[derive(Default)]
struct StandIn {
    gate: Mutex<bool>,
    opened: Condvar,
}

impl StandIn {
    fn open(&self) {
        *self.gate.lock().expect("gate") = true;
        self.opened.notify_all();
    }
}

impl Engine for StandIn {
    fn describe(&self, manifest: &Manifest, (id, signature): &Identity) -> Json {
        let labels =
            BTreeMap::from([("grade".to_owned(), vec!["no".to_owned(), "yes".to_owned()])]);
        bundle_demo::describe(manifest, *id, signature, &labels)
    }

    fn predict(
        &self,
        inputs: Inputs,
        asked: &Asked,
        attach: &mut Attach<'_>,
    ) -> Result<Json, AskError> {
        let mut view = bundle_demo::prediction_view(&self.predicted(&inputs)?);
        if asked.trace {
            view["unlike"] = json!([]);
        }
        if let Some(change) = &asked.perturb {
            view["changed"] = attach(format!("{change:?}").as_bytes());
        }
        Ok(view)
    }

    fn occlude(&self, inputs: &Inputs, input: &str, grid: usize) -> Result<Json, AskError> {
        if !inputs.keys().any(|name| name.as_str() == input) {
            return Err(AskError::Question("nothing is given for it".to_owned()));
        }
        Ok(json!({ "grid": grid }))
    }

    fn replay(
        &self,
        example: &Example,
        _files: &dyn FileSource,
    ) -> Result<ExampleReplay, RunError> {
        Ok(ExampleReplay {
            name: example.name.clone(),
            holds: true,
            outputs: BTreeMap::new(),
            steps: Vec::new(),
            values: BTreeMap::new(),
            network: Vec::new(),
        })
    }
}

impl StandIn {
    fn predicted(&self, inputs: &Inputs) -> Result<Prediction, RunError> {
        let mut given = 0;
        for source in inputs.values() {
            match source {
                InputSource::File(bytes) => match &bytes[..] {
                    b"panic" => panic!("as asked"),
                    b"wait" => {
                        let gate = self.gate.lock().expect("gate");
                        drop(self.opened.wait_while(gate, |open| !*open).expect("gate"));
                    }
                    b"refuse" => {
                        let step = StepError {
                            entry: "left".to_owned(),
                            index: 0,
                            op: "decode_image".to_owned(),
                            message: "not a PNG".to_owned(),
                            hint: Some("save it as PNG".to_owned()),
                            planned: false,
                        };
                        return Err(step.into());
                    }
                    b"break" => {
                        let message = "node `Conv_3` (Conv): out of memory".to_owned();
                        return Err(RunErrorKind::Engine { model: "m".to_owned(), message }.into());
                    }
                    bytes => given += bytes.len(),
                },
                InputSource::Json(value) => given += value.to_string().len(),
            }
        }
        let score = f64::from(u32::try_from(given).unwrap_or(u32::MAX));
        let rows = vec![vec![RankedLabel { index: 1, label: "yes".to_owned(), score }]];
        let transformed = Tensor::new(vec![0], TensorData::Float32(vec![])).expect("empty");
        let output = OutputResult { transformed, outcome: Outcome::Labels { rows } };
        Ok(Prediction {
            outputs: BTreeMap::from([("grade".parse().expect("a name"), output)]),
            stages: BTreeMap::new(),
            fed: BTreeMap::new(),
            raw: BTreeMap::new(),
        })
    }
}

fn files() -> Arc<dyn FileSource> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";
    Arc::new(Memory(BTreeMap::from([
        ("examples/one.png", PNG),
        ("examples/page.html", b"<script>alert(1)</script>"),
    ])))
}

fn small() -> Options {
    Options {
        body_bytes: 1000,
        time: Duration::from_secs(5),
        running: 1,
        waiting: 1,
        ..Options::default()
    }
}

fn app_with(manifest: &str, engine: Arc<StandIn>, options: Options) -> Router {
    let manifest = Manifest::from_toml(manifest).expect("a manifest");
    routes(ServerState::new(
        manifest,
        files(),
        engine,
        options,
        ((None, Verification::Unsigned), None),
    ))
}

fn app() -> Router {
    app_with(MANIFEST, Arc::default(), small())
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    request("POST", path, &[], body)
}

fn get(path: &str) -> Request<Body> {
    request("GET", path, &[], Body::empty())
}

fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:7860");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("a request")
}

async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let response = app.clone().oneshot(request).await.expect("infallible");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, headers, body.to_vec())
}

async fn ask_json(app: &Router, request: Request<Body>) -> (u16, Json) {
    let (status, headers, body) = ask(app, request).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    (status.as_u16(), serde_json::from_slice(&body).expect("JSON"))
}

fn yes(score: f64) -> Json {
    let rows = [[{ json!({ "index": 1, "label": "yes", "score": score }) }]];
    let outcome = json!({ "kind": "labels", "rows": rows, "omitted_rows": 0, "omitted_labels": 0 });
    json!({ "outputs": { "grade": outcome } })
}

#[tokio::test]
async fn the_page_has_its_policy_and_its_limits() {
    let (status, headers, body) = ask(&app(), get("/")).await;
    let page = String::from_utf8(body).expect("UTF-8");
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(policy.ends_with("; frame-ancestors 'none'"), "{policy}");
    assert!(page.contains("\"limits\":{\"body_bytes\":1000,\"file_bytes\":1000}"));
    assert_eq!(page.matches("</script>").count(), 3);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    for path in
        ["/", "/healthz", "/api/bundle", "/api/examples/one/left", "/nothing", "/api/replay/one"]
    {
        let (_, headers, _) = ask(&app(), get(path)).await;
        let has = |name: &str, value: &str| assert_eq!(headers[name], value, "{path}");
        has("x-content-type-options", "nosniff");
        has("referrer-policy", "no-referrer");
        has("cross-origin-resource-policy", "same-origin");
        has("cross-origin-opener-policy", "same-origin");
        has("cache-control", "no-store");
        has("x-frame-options", "DENY");
        if path != "/" {
            has("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
        }
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
    }
}

#[tokio::test]
async fn the_description_has_labels_and_limits() {
    let (status, description) = ask_json(&app(), get("/api/bundle")).await;
    assert_eq!(status, 200);
    assert_eq!(description["outputs"][0]["labels"], json!(["no", "yes"]));
    assert_eq!(description["limits"], json!({ "body_bytes": 1000, "file_bytes": 1000 }));
    assert_eq!(description["title"], "Two </script> inputs");
    let (_, health) = ask_json(&app(), get("/healthz")).await;
    assert_eq!(health, json!({ "status": "ok" }));
}

#[tokio::test]
async fn predictions() {
    let app = app();
    let cases = [
        (post("/api/predict/left", "12345"), yes(5.0)),
        (post("/api/predict", r#"{"inputs":{"left":{"file_base64":"MTIzNA=="}}}"#), yes(4.0)),
        (post("/api/predict", r#"{"inputs":{"left":{"value":[1,2]}}}"#), yes(5.0)),
        (
            request("POST", "/api/predict/left", &[("content-type", "application/json")], "{}"),
            yes(2.0),
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(ask_json(&app, request).await, (200, expected));
    }
    let (_, replay) = ask_json(&app, post("/api/replay/one", "")).await;
    assert_eq!((&replay["example"], &replay["holds"]), (&json!("one"), &json!(true)));
}

async fn refused(cases: impl IntoIterator<Item = (Request<Body>, u16, &'static str)>) {
    for (request, status, message) in cases {
        let asked = format!("{} {}", request.method(), request.uri());
        let (actual, problem) = ask_json(&app(), request).await;
        assert_eq!((actual, problem["error"].as_str()), (status, Some(message)), "{asked}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_json_body_is_said() {
    const EXACTLY_ONE: &str = "input `left` needs exactly one of `file_base64` and `value`";
    const DEEP: &str = "the body cannot be read: recursion limit exceeded at line 1 column 152";
    const KEY: &str = "the body cannot be read: unknown field `input`, expected one of `inputs`, `trace`, `perturb` at line 1 column 8";
    const NOT_BASE64: &str = "`file_base64` of input `left` is not base64: invalid length at 0";
    let left = |given: &str| format!("{{\"inputs\":{{\"left\":{given}}}}}");
    let deep = left(&format!("{{\"value\":{}", "[".repeat(500)));
    let cases = [
        (String::new(), "the body cannot be read: EOF while parsing a value at line 1 column 0"),
        ("\0".to_owned(), "the body cannot be read: expected value at line 1 column 1"),
        (r#"{"input":{}}"#.to_owned(), KEY),
        (deep, DEEP),
        (r#"{"inputs":{}}"#.to_owned(), "input `left` is missing"),
        (left("{}"), EXACTLY_ONE),
        (left(r#"{"value":1,"file_base64":""}"#), EXACTLY_ONE),
        (left(r#"{"file_base64":"%"}"#), NOT_BASE64),
        (left(r#"{"file_base64":""}"#), "the file for input `left` is empty"),
        (r#"{"inputs":{"up\n":{"value":1}}}"#.to_owned(), "the bundle has no input `up\\n`"),
    ];
    refused(cases.map(|(body, message)| (post("/api/predict", body), 400, message))).await;
}

#[tokio::test]
async fn a_page_asks_for_more_than_an_answer() {
    let app = app();
    let ask = async |request| ask_json(&app, request).await.1;
    let plain = ask(post("/api/predict/left", "abc")).await;
    assert_eq!((&plain["unlike"], &plain["changed"]), (&Json::Null, &Json::Null));
    let traced = ask(post("/api/predict/left?trace=true", "abc")).await;
    assert_eq!(traced["unlike"], json!([]));
    let changed = ask(post("/api/predict/left?perturb=blur&strength=2.5&seed=7", "abc")).await;
    let in_json = json!({
        "inputs": { "left": { "value": 1 } },
        "perturb": { "input": "left", "kind": "blur", "strength": 2.5, "seed": 7 },
    });
    let same = ask(post("/api/predict", in_json.to_string())).await;
    assert!(changed["changed"]["file_base64"].is_string());
    assert_eq!(changed["changed"], same["changed"]);
    let covered = json!({ "inputs": { "left": { "value": 1 } }, "input": "left", "grid": 8 });
    assert_eq!(ask(post("/api/occlude", covered.to_string())).await, json!({ "grid": 8 }));
    let other = json!({ "inputs": { "left": { "value": 1 } }, "input": "up", "grid": 8 });
    let other = post("/api/occlude", other.to_string());
    let fine = json!({ "inputs": { "left": { "value": 1 } }, "input": "left", "grid": 13 });
    let fine = post("/api/occlude", fine.to_string());
    let cases =
        [(other, 400, "nothing is given for it"), (fine, 400, "`grid` is between 2 and 12")];
    refused(cases).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said() {
    let conv = "model `m` failed: node `Conv_3` (Conv): out of memory";
    let cases = [
        ("/api/predict/up", "x", 400, "the bundle has no input `up`"),
        ("/api/predict/left", "", 400, "the file for input `left` is empty"),
        ("/api/predict/left", "refuse", 400, "step 0 `decode_image` of `left`: not a PNG"),
        ("/api/predict/left", "break", 500, conv),
        ("/api/predict/left", "panic", 500, "the prediction stopped unexpectedly"),
        ("/api/predict/%ff", "x", 404, "Invalid URL: Invalid UTF-8 in `input`"),
        ("/api/predict/left?perturb=blur", "x", 400, "`perturb` and `strength` go together"),
    ];
    refused(cases.map(|(path, body, status, message)| (post(path, body), status, message))).await;
    let long = post("/api/predict/left", "x".repeat(1001));
    refused([(long, 413, "the body has more than 1000 bytes")]).await;
}

#[tokio::test]
async fn what_is_wrong_with_an_address_is_said() {
    let nothing = "there is nothing at this address";
    let method = "this address does not take this method";
    let cases = [
        (post("/api/replay/none", ""), 404, "the bundle has no example `none`"),
        (get("/api/examples/none/left"), 404, "the bundle has no example `none`"),
        (get("/api/examples/one/right"), 404, "example `one` gives nothing for input `right`"),
        (get("/api/examples/gone/left"), 404, "`examples/gone.csv` is not in the bundle"),
        (get("/api/examples/..%2f..%2fetc/passwd"), 404, "the bundle has no example `../../etc`"),
        (get("/../etc/passwd"), 404, nothing),
        (get("/favicon.ico"), 404, nothing),
        (get("/api/predict"), 405, method),
        (request("DELETE", "/", &[], ""), 405, method),
    ];
    refused(cases).await;
}

#[tokio::test]
async fn hints_say_what_to_do() {
    let app = app();
    let (_, problem) = ask_json(&app, post("/api/predict/left", "refuse")).await;
    assert_eq!(problem["hint"], "save it as PNG");
    let (_, problem) = ask_json(&app, post("/api/predict/up", "x")).await;
    assert_eq!(problem["hint"], "it takes `left`");
    let (_, problem) = ask_json(&app, get("/x")).await;
    assert_eq!(problem["hint"], Json::Null);
}

#[tokio::test]
async fn several_inputs_come_together() {
    let alone = MANIFEST.split("[[examples]]").next().unwrap_or_default();
    let app = app_with(&format!("{alone}{SECOND_INPUT}"), Arc::default(), small());
    let both = r#"{"inputs":{"left":{"value":1},"right":{"file_base64":"MTIz"}}}"#;
    assert_eq!(ask_json(&app, post("/api/predict", both)).await, (200, yes(4.0)));
    let (status, problem) = ask_json(&app, post("/api/predict/left", "x")).await;
    assert_eq!((status, &problem["error"]), (400, &json!("input `right` is missing")));
    assert_eq!(problem["hint"], "send `left`, `right` together to /api/predict");
    let (_, description) = ask_json(&app, get("/api/bundle")).await;
    assert_eq!(description["limits"]["file_bytes"], 375);
}

#[tokio::test]
async fn files_of_examples_are_never_documents() {
    let app = app();
    let (status, headers, body) = ask(&app, get("/api/examples/one/left")).await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"image/png".parse().expect("text"))
    );
    assert_eq!(body, b"\x89PNG\r\n\x1a\nrest");
    let (_, headers, _) = ask(&app, get("/api/examples/odd/left")).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"page.html\"");
    let typed = ask_json(&app, get("/api/examples/typed/left")).await;
    assert_eq!(typed, (200, json!([1, 2])));
}

#[tokio::test]
async fn other_sites_are_refused() {
    let elsewhere =
        Request::builder().uri("/").header("host", "evil.example:7860").body(Body::empty());
    let (status, problem) = ask_json(&app(), elsewhere.expect("a request")).await;
    assert_eq!(
        (status, &problem["error"]),
        (403, &json!("this server is not `evil.example:7860`"))
    );
    let cross = request("POST", "/api/predict/left", &[("origin", "https://evil.example")], "x");
    let (status, problem) = ask_json(&app(), cross).await;
    assert_eq!((status, &problem["error"]), (403, &json!("a page of another site asked for this")));
    let own = request("POST", "/api/predict/left", &[("origin", "http://localhost:7860")], "x");
    assert_eq!(ask_json(&app(), own).await.0, 200);
}

#[tokio::test]
async fn a_body_without_a_declared_length_is_limited_too() {
    let announced =
        request("POST", "/api/predict/left", &[("content-length", "18446744073709551615")], "x");
    assert_eq!(ask_json(&app(), announced).await.0, 413);
    let many = format!("{{\"inputs\":{{\"left\":{{\"value\":[{}]}}}}}}", "0,".repeat(1_000_001));
    let app = app_with(MANIFEST, Arc::default(), Options { body_bytes: 4 << 20, ..small() });
    let (status, problem) = ask_json(&app, post("/api/predict", many)).await;
    assert_eq!(
        (status, &problem["error"]),
        (400, &json!("the body has more than 1000000 JSON values"))
    );
}

#[tokio::test]
async fn a_full_queue_and_a_long_prediction_are_said() {
    let engine = Arc::new(StandIn::default());
    let options = Options { time: Duration::from_millis(300), ..small() };
    let app = app_with(MANIFEST, Arc::clone(&engine) as _, options);
    let spawn = || {
        let app = app.clone();
        tokio::spawn(async move { ask_json(&app, post("/api/predict/left", "wait")).await })
    };
    let (first, second) = (spawn(), spawn());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (status, headers, _) = ask(&app, post("/api/predict/left", "x")).await;
    assert_eq!(
        (status.as_u16(), &headers[header::RETRY_AFTER]),
        (503, &"1".parse().expect("text"))
    );
    let mut ends = [first.await.expect("an answer").0, second.await.expect("an answer").0];
    ends.sort_unstable();
    assert_eq!(ends, [503, 504], "one ran too long, one waited too long");
    // The late prediction keeps its turn until it ends, then others have it.
    engine.open();
    for _ in 0..100 {
        if ask_json(&app, post("/api/predict/left", "x")).await.0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the turn never came back");
}
