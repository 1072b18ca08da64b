//! Who may ask, and what a browser may do with an answer.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{Options, problem::Problem, state::ServerState};

/// Refuses a request that a page of another site may have made.
pub(crate) async fn admit(
    State(state): State<Arc<ServerState>>,
    request: Request,
    next: Next,
) -> Response {
    let checked =
        check(request.method(), request.uri(), request.headers(), &state.options, state.bound);
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    options: &Options,
    bound: Option<SocketAddr>,
) -> Result<(), Problem> {
    let host = single(headers, &header::HOST)?;
    let host = host.ok_or_else(|| Problem::bad_request("the request has no `Host`"))?;
    for name in uri.authority().map(Authority::as_str).into_iter().chain([host]) {
        if !is_ours(name, options, bound) {
            let message = format!("this server is not `{}`", name.escape_debug());
            return Err(Problem::forbidden(message)
                .with_hint("open it at http://localhost or its own address"));
        }
    }
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let elsewhere = || {
        Err(Problem::forbidden("a page of another site asked for this")
            .with_hint("open the page of this server, or ask without an `Origin`"))
    };
    if let Some(origin) = single(headers, &header::ORIGIN)? {
        let asked_from = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if !asked_from.is_some_and(|from| from.eq_ignore_ascii_case(host)) {
            return elsewhere();
        }
    }
    match single(headers, &HeaderName::from_static("sec-fetch-site"))? {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => elsewhere(),
    }
}

/// The one value of a header. Two values, or bytes that are no text, are refused:
/// who is between us and the sender may read them otherwise.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| malformed(name)),
        (Some(_), Some(_)) => Err(malformed(name)),
    }
}

fn malformed(name: &HeaderName) -> Problem {
    Problem::bad_request(format!("the header `{name}` is malformed"))
}

/// Whether `Host` names this server. An address in digits cannot be rebound by a
/// name server, so a server that listens everywhere takes any of them. Ports differ behind
/// a tunnel and say nothing about who asks.
fn is_ours(host: &str, options: &Options, bound: Option<SocketAddr>) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if host.contains('@') {
        return false;
    }
    let name = authority.host().to_ascii_lowercase();
    let digits = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&name);
    match digits.parse::<IpAddr>() {
        Ok(address) => {
            let loopback = ["127.0.0.1", "::1"].contains(&digits);
            loopback
                || bound.is_some_and(|bound| bound.ip() == address || bound.ip().is_unspecified())
        }
        Err(_) => name == "localhost" || options.hosts.contains(&name),
    }
}

/// What no answer may be used for: framing, guessing its type, embedding elsewhere,
/// storing. A handler's own policy stays.
pub(crate) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { hosts: vec!["models.example.org".to_owned()], ..Options::default() }
    }

    #[test]
    fn hosts() {
        let loopback = "127.0.0.1:7860".parse().ok();
        let everywhere = "0.0.0.0:7860".parse().ok();
        let network = "192.168.1.5:7860".parse().ok();
        let cases = [
            ("localhost", None, true),
            ("LOCALHOST:7860", loopback, true),
            ("localhost:9000", loopback, true),
            ("127.0.0.1:7860", loopback, true),
            ("[::1]:7860", None, true),
            ("models.example.org", loopback, true),
            ("192.168.1.5:7860", network, true),
            ("192.168.1.5:7860", everywhere, true),
            ("192.168.1.5:7860", loopback, false),
            ("192.168.1.6", network, false),
            ("evil.example:7860", loopback, false),
            ("evil.example:7860", everywhere, false),
            ("localhost.evil.example", loopback, false),
            ("127.0.0.1.evil.example", loopback, false),
            ("evil@localhost", loopback, false),
            ("127.1", loopback, false),
            ("0x7f000001", loopback, false),
            ("", loopback, false),
            ("local host", loopback, false),
        ];
        for (host, bound, ours) in cases {
            assert_eq!(is_ours(host, &options(), bound), ours, "{host} at {bound:?}");
        }
    }

    const OTHER_SITE: &str = "a page of another site asked for this";

    type Headers = &'static [(&'static str, &'static str)];

    fn asked(method: &Method, uri: &str, given: Headers) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let uri = uri.parse().expect(uri);
        check(method, &uri, &headers, &options(), None).map_err(|problem| problem.message)
    }

    #[test]
    fn the_host_must_be_ours() {
        let cases: &[(&str, Headers, Result<(), &str>)] = &[
            ("/", &[("host", "localhost:1")], Ok(())),
            ("/", &[("host", "localhost:1"), ("sec-fetch-site", "cross-site")], Ok(())),
            ("/", &[], Err("the request has no `Host`")),
            (
                "/",
                &[("host", "localhost"), ("host", "evil")],
                Err("the header `host` is malformed"),
            ),
            ("/", &[("host", "evil")], Err("this server is not `evil`")),
            ("http://evil/", &[("host", "localhost")], Err("this server is not `evil`")),
        ];
        for (uri, given, expected) in cases {
            assert_eq!(
                asked(&Method::GET, uri, given),
                expected.map_err(str::to_owned),
                "{given:?}"
            );
        }
    }

    #[test]
    fn what_changes_or_computes_must_come_from_here() {
        const HOST: (&str, &str) = ("host", "localhost:1");
        let cases: &[(Headers, bool)] = &[
            (&[HOST], true),
            (&[HOST, ("origin", "http://localhost:1")], true),
            (&[HOST, ("origin", "http://localhost:2")], false),
            (&[HOST, ("origin", "https://evil")], false),
            (&[HOST, ("origin", "null")], false),
            (&[HOST, ("origin", "file://")], false),
            (&[HOST, ("sec-fetch-site", "same-origin")], true),
            (&[HOST, ("sec-fetch-site", "none")], true),
            (&[HOST, ("sec-fetch-site", "same-site")], false),
            (&[HOST, ("sec-fetch-site", "cross-site")], false),
        ];
        for (given, admitted) in cases {
            let expected = if *admitted { Ok(()) } else { Err(OTHER_SITE.to_owned()) };
            assert_eq!(asked(&Method::POST, "/", given), expected, "{given:?}");
            assert_eq!(asked(&Method::DELETE, "/", given), expected, "{given:?}");
        }
    }
}
