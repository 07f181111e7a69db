//! Requests that a client sends before it has the responses to earlier ones.

use crate::{
    app::TestApp,
    raw::{Raw, Response},
};

/// Deterministic random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// Requests: method, and bytes.
fn requests() -> Vec<(&'static str, String)> {
    let plain = |method: &str, path: &str| format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let login = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    vec![
        ("GET", plain("GET", "/livez")),
        ("HEAD", plain("HEAD", "/livez")),
        ("GET", plain("GET", "/api/v1/openapi.json")),
        ("HEAD", plain("HEAD", "/api/v1/openapi.json")),
        ("GET", plain("GET", "/api/v1/books")),
        ("GET", plain("GET", "/nowhere")),
        ("HEAD", plain("HEAD", "/nowhere")),
        ("DELETE", plain("DELETE", "/livez")),
        ("POST", format!("{login}Content-Length: 2\r\n\r\n{{}}")),
        ("POST", format!("{login}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n1\r\n}}\r\n0\r\nA: b\r\n\r\n")),
    ]
}

/// Parts of a response that are the same each time.
fn constant(response: &Response) -> (u16, Option<String>, Option<String>, usize) {
    let header = |name| response.header(name).map(str::to_owned);
    (response.status, header("content-type"), header("content-length"), response.body.len())
}

#[actix_web::test]
async fn each_request_gets_its_own_response() {
    let app = TestApp::start().await;
    let requests = requests();
    let mut expected = Vec::new();
    for (method, bytes) in &requests {
        expected.push(constant(&Raw::connect(&app.address).await.request(method, bytes).await));
    }
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for connection in 0..60 {
        let chosen: Vec<usize> = (0..=random.below(12)).map(|_| random.below(requests.len())).collect();
        let bytes: String = chosen.iter().map(|&index| requests[index].1.as_str()).collect();
        let mut raw = Raw::connect(&app.address).await;
        let mut rest = bytes.as_bytes();
        while !rest.is_empty() {
            let (part, later) = rest.split_at(1 + random.below(rest.len().min(300)));
            raw.send(part).await;
            tokio::task::yield_now().await;
            rest = later;
        }
        for &index in &chosen {
            let response = raw.response(requests[index].0).await;
            assert_eq!(constant(&response), expected[index], "connection {connection}: {chosen:?}");
        }
    }
}
