//! The server over the fixtures of this repository, with their real networks.

mod directory;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
};
use bundle_manifest::{ExampleInput, Manifest};
use bundle_run::Predictor;
use bundle_serve::{Served, router, serve};
use bundle_signature::Verification;
use bundle_testkit::fixture;
use directory::Directory;
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};
use tower::ServiceExt as _;

fn served(name: &str) -> Arc<Served> {
    let files = Directory(fixture(name));
    let text = fs_err::read_to_string(files.0.join("bundle.toml")).expect("bundle.toml");
    let manifest = Manifest::from_toml(&text).expect("a manifest");
    let predictor = Predictor::new(&manifest, &files).expect("a predictor");
    Arc::new(Served {
        manifest,
        files: Arc::new(files),
        id: None,
        signature: Verification::Unsigned,
        predictor,
    })
}

async fn ask(app: &Router, method: &str, path: &str, body: impl Into<Body>) -> (u16, Vec<u8>) {
    let request =
        Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:7860");
    let response = app
        .clone()
        .oneshot(request.body(body.into()).expect("a request"))
        .await
        .expect("infallible");
    let status = response.status().as_u16();
    (status, to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec())
}

async fn post(app: &Router, path: &str, body: impl Into<Body>) -> (u16, Json) {
    let (status, body) = ask(app, "POST", path, body).await;
    (status, serde_json::from_slice(&body).expect("JSON"))
}

fn top<'a>(answer: &'a Json, output: &str, row: usize) -> &'a str {
    answer["outputs"][output]["rows"][row][0]["label"].as_str().expect("a label")
}

#[tokio::test]
async fn examples_of_every_fixture_give_the_recorded_answer() {
    for name in ["digits", "wine"] {
        let served = served(name);
        let app = router(Arc::clone(&served));
        for example in &served.manifest.examples {
            let (status, replay) = post(&app, &format!("/api/replay/{}", example.name), "").await;
            assert_eq!((status, &replay["holds"]), (200, &json!(true)), "{name}: {replay:#}");
            for (output, one) in replay["outputs"].as_object().expect("outputs") {
                assert_eq!(one["actual"]["kind"], one["expected"]["kind"], "{name} {output}");
            }
        }
    }
}

#[tokio::test]
async fn a_digit_is_read_from_its_file() {
    let served = served("digits");
    let app = router(Arc::clone(&served));
    let drawn = served.manifest.examples.iter().find(|example| example.name.as_str() == "drawn-1");
    let drawn = drawn.expect("an example");
    let (input, given) = drawn.inputs.iter().next().expect("an input");
    let ExampleInput::File(path) = given else { panic!("a file") };
    let picture = fs_err::read(fixture("digits").join(path.to_string())).expect("a picture");

    let (status, content) = ask(&app, "GET", &format!("/api/examples/drawn-1/{input}"), "").await;
    assert_eq!((status, &content), (200, &picture), "byte for byte");
    let (status, answer) = post(&app, &format!("/api/predict/{input}"), picture).await;
    assert_eq!(status, 200, "{answer:#}");
    let (output, truth) = drawn.truth.iter().next().expect("a truth");
    assert_eq!(top(&answer, output.as_str(), 0), truth);
    let ranking = answer["outputs"][output.as_str()]["rows"][0].as_array().expect("a ranking");
    let sum: f64 = ranking.iter().filter_map(|one| one["score"].as_f64()).sum();
    assert_eq!(ranking.len(), 10);
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_refused_by_step() {
    let app = router(served("digits"));
    for body in [&b"not a picture"[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", &[0; 4096]] {
        let (status, problem) = post(&app, "/api/predict/image", body.to_vec()).await;
        let message = problem["error"].as_str().expect("words");
        assert_eq!(status, 400, "{message}");
        assert!(message.starts_with("step 0 `decode_image` of `image`: "), "{message}");
    }
    let (status, problem) =
        post(&app, "/api/predict", r#"{"inputs":{"image":{"value":"x"}}}"#).await;
    assert_eq!(status, 400, "{problem:#}");
}

#[tokio::test]
async fn a_wine_is_told_from_a_row_and_many_from_a_file() {
    let served = served("wine");
    let app = router(Arc::clone(&served));
    let row =
        served.manifest.examples.iter().find_map(|example| match example.inputs.values().next() {
            Some(ExampleInput::Value(row)) => Some((example, row)),
            _ => None,
        });
    let (example, row) = row.expect("an example with a row");
    let body = json!({ "inputs": { "sample": { "value": row } } }).to_string();
    let (status, one) = post(&app, "/api/predict", body).await;
    assert_eq!(status, 200, "{one:#}");
    let (_, replay) = post(&app, &format!("/api/replay/{}", example.name), "").await;
    assert_eq!(one["outputs"]["cultivar"], replay["outputs"]["cultivar"]["actual"]);

    let csv = fs_err::read_to_string(fixture("wine/examples/one-of-each.csv")).expect("a CSV file");
    let rows = csv.lines().filter(|line| !line.is_empty()).count() - 1;
    let (status, many) = post(&app, "/api/predict/sample", csv).await;
    assert_eq!(status, 200, "{many:#}");
    assert_eq!(many["outputs"]["cultivar"]["rows"].as_array().map(Vec::len), Some(rows));

    let (status, problem) = post(&app, "/api/predict/sample", "alcohol\n12\n").await;
    let message = problem["error"].as_str().expect("words");
    assert_eq!(status, 400, "{message}");
    assert!(message.contains("`columns` of `sample`"), "{message}");
}

#[tokio::test]
async fn the_page_of_every_fixture_has_its_columns_labels_and_examples() {
    for (name, words) in [
        ("digits", "\"labels\":[\"0\",\"1\""),
        ("wine", "\"name\":\"alcohol\",\"kind\":\"number\""),
    ] {
        let app = router(served(name));
        let (status, page) = ask(&app, "GET", "/", "").await;
        let page = String::from_utf8(page).expect("UTF-8");
        assert_eq!(status, 200);
        assert!(page.contains(words), "{name}");
        assert!(page.contains("\"name\":\"drawn-1\""), "{name}");
        assert!(page.len() < 310_000, "{} bytes", page.len());
    }
}

/// The answer to a request over a socket, until the server closes it.
async fn over_socket(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    timeout(Duration::from_secs(20), read).await.expect("in time").expect("read");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_socket_answers_and_stops() {
    let (ready, bound) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(
        served("wine"),
        "127.0.0.1:0".parse().expect("an address"),
        move |address| ready.send(address).expect("somebody waits"),
        async move { drop(stopped.await) },
    ));
    let address = bound.await.expect("bound");
    let health = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let answer = over_socket(address, &health).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("{\"status\":\"ok\"}"),
        "{answer}"
    );

    let rebound = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert!(over_socket(address, rebound).await.starts_with("HTTP/1.1 403 "));
    for garbage in [
        "\0\0\0\0\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ] {
        assert!(over_socket(address, garbage).await.starts_with("HTTP/1.1 400 "), "{garbage:?}");
    }
    assert!(over_socket(address, &health).await.starts_with("HTTP/1.1 200 "), "still there");

    let idle = TcpStream::connect(address).await.expect("a connection");
    stop.send(()).expect("the server still runs");
    let end = timeout(Duration::from_secs(10), server).await.expect("stops in time");
    end.expect("no panic").expect("no error");
    drop(idle);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address");
    let error = serve(served("wine"), address, |_| {}, async {}).await.expect_err("it is taken");
    assert_eq!(error.to_string(), format!("cannot listen on `{address}`"));
    assert!(error.source.is_some());
}
