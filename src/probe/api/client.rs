//! One call over HTTP/1.1 on a unix or tcp socket. The only place with an async runtime; it never leaves the caller's thread.

use std::future::Future;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::endpoint::Endpoint;
use crate::parse::mask::mask;
use crate::text::{Text, text};

/// A reply of `/containers/json` over ten thousand containers is about 20 MiB.
const MAX_BODY: usize = 64 << 20;

/// Time for one call, connection and body included. dockerd answers in milliseconds, or it hangs.
pub const CALL_LIMIT: Duration = Duration::from_secs(3);

/// A reply with a status of success, or 304: it is so already.
pub struct Reply {
    /// The `Server` header, `Docker/28.5.2 (linux)`.
    pub server: String,
    pub body: Vec<u8>,
}

/// Runs the calls of one look at an engine.
///
/// # Errors
/// A sentence when no runtime can be made (no file descriptors left).
pub fn run<T>(look: impl Future<Output = T>) -> Result<T, Text> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| text!("no connection can be made from here: {error}", "本进程无法建立连接：{error}"))?;
    let answer = runtime.block_on(look);
    // A name look-up that hangs in its own thread must not hold the answer back.
    runtime.shutdown_background();
    Ok(answer)
}

/// GET `path`, within `limit`.
///
/// # Errors
/// A sentence: not reachable, no permission, late, not HTTP, a status of failure, a body over 64 MiB.
pub async fn get(endpoint: &Endpoint, path: &str, limit: Duration) -> Result<Reply, Text> {
    call(endpoint, Call::new(Method::GET, path), limit).await
}

/// POST `path` without a body, within `limit`.
///
/// # Errors
/// As [`get`].
pub async fn post(endpoint: &Endpoint, path: &str, limit: Duration) -> Result<Reply, Text> {
    call(endpoint, Call::new(Method::POST, path), limit).await
}

/// POST `path` with this JSON, within `limit`.
///
/// # Errors
/// As [`get`].
pub async fn post_json(endpoint: &Endpoint, path: &str, body: &Value, limit: Duration) -> Result<Reply, Text> {
    let body = Some(Bytes::from(body.to_string()));
    call(endpoint, Call { body, ..Call::new(Method::POST, path) }, limit).await
}

/// DELETE `path`, within `limit`.
///
/// # Errors
/// As [`get`].
pub async fn delete(endpoint: &Endpoint, path: &str, limit: Duration) -> Result<Reply, Text> {
    call(endpoint, Call::new(Method::DELETE, path), limit).await
}

struct Call<'a> {
    method: Method,
    path: &'a str,
    /// JSON.
    body: Option<Bytes>,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: &'a str) -> Self {
        Call { method, path, body: None }
    }
}

async fn call(endpoint: &Endpoint, call: Call<'_>, limit: Duration) -> Result<Reply, Text> {
    let Call { method, path, .. } = &call;
    match tokio::time::timeout(limit, connect_and_call(endpoint, &call)).await {
        Ok(reply) => reply,
        Err(_) => {
            let seconds = limit.as_secs_f32();
            Err(text!(
                "{endpoint} does not answer {method} {path} within {seconds:.1} s: the engine hangs, or this is no engine",
                "{endpoint} 在 {seconds:.1} 秒内没有应答 {method} {path}：引擎已挂起，或对端不是引擎"
            ))
        }
    }
}

async fn connect_and_call(endpoint: &Endpoint, call: &Call<'_>) -> Result<Reply, Text> {
    match endpoint {
        Endpoint::Unix(socket) => {
            let stream = UnixStream::connect(socket).await.map_err(|error| unreachable(endpoint, &error))?;
            exchange(stream, endpoint, call).await
        }
        Endpoint::Tcp(host, port) => {
            let stream =
                TcpStream::connect((host.as_str(), *port)).await.map_err(|error| unreachable(endpoint, &error))?;
            exchange(stream, endpoint, call).await
        }
        Endpoint::Ssh(_) => Err(text!(
            "{endpoint}: engines behind ssh are not asked; run dnetctl on that host",
            "{endpoint}：不通过 ssh 访问引擎；请在那台主机上运行 dnetctl"
        )),
        Endpoint::Pipe(_) => Err(text!(
            "{endpoint} is a pipe of Windows: Docker Desktop's engine runs in a virtual machine and cannot be asked from here",
            "{endpoint} 是 Windows 命名管道：Docker Desktop 的引擎运行在虚拟机里，从这里无法访问"
        )),
    }
}

async fn exchange<S>(stream: S, endpoint: &Endpoint, call: &Call<'_>) -> Result<Reply, Text>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(|error| not_http(endpoint, &error))?;
    // Ends with the runtime at the latest; its error comes out of the request too.
    tokio::spawn(connection);
    let host = match endpoint {
        Endpoint::Tcp(..) => endpoint.to_string().replace("tcp://", ""),
        _ => "docker".to_owned(),
    };
    let Call { method, path, body } = call;
    let mut request = Request::builder()
        .method(method)
        .uri(*path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("dnetctl/", env!("CARGO_PKG_VERSION")));
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request =
        request.body(Full::new(body.clone().unwrap_or_default())).map_err(|error| Text::verbatim(error.to_string()))?;
    let reply = sender.send_request(request).await.map_err(|error| not_http(endpoint, &error))?;
    let status = reply.status().as_u16();
    let server =
        reply.headers().get(header::SERVER).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = match Limited::new(reply.into_body(), MAX_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(text!(
                "the reply of {endpoint} to {method} {path} is larger than 64 MiB",
                "{endpoint} 对 {method} {path} 的应答超过 64 MiB"
            ));
        }
        Err(_) => {
            return Err(text!(
                "{endpoint} broke off in the middle of its reply to {method} {path}",
                "{endpoint} 在应答 GET {path} 的中途断开了连接"
            ));
        }
    };
    if !matches!(status, 200..=299 | 304) {
        return Err(refused(endpoint, method, path, status, &body));
    }
    Ok(Reply { server, body })
}

fn unreachable(endpoint: &Endpoint, error: &std::io::Error) -> Text {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => text!(
            "no permission to connect to {endpoint}: needs root or membership in the group that owns the socket (docker)",
            "没有权限连接 {endpoint}：需要 root，或属于该套接字所属的组（docker）"
        ),
        std::io::ErrorKind::ConnectionRefused => {
            text!("nobody listens at {endpoint} (connection refused)", "{endpoint} 没有进程监听（连接被拒绝）")
        }
        _ => text!("{endpoint} cannot be reached: {error}", "无法连接 {endpoint}：{error}"),
    }
}

fn not_http(endpoint: &Endpoint, error: &hyper::Error) -> Text {
    if error.is_parse() {
        text!("{endpoint} does not speak HTTP: this is no container engine", "{endpoint} 不使用 HTTP：对端不是容器引擎")
    } else {
        text!(
            "{endpoint} closed the connection without an answer: this is no container engine, or it is going down",
            "{endpoint} 未作应答就关闭了连接：对端不是容器引擎，或正在停止"
        )
    }
}

/// A status of failure, with the engine's own message where it gave one.
fn refused(endpoint: &Endpoint, method: &Method, path: &str, status: u16, body: &[u8]) -> Text {
    // Go's net/http answers a plain request on a TLS port in these words (net/http/server.go).
    if body.starts_with(b"Client sent an HTTP request to an HTTPS server") {
        return needs_tls(&endpoint.to_string());
    }
    let said = serde_json::from_slice::<serde_json::Value>(body).ok();
    let said = said.as_ref().and_then(|json| json.get("message")?.as_str()).unwrap_or_default();
    let said: String = mask(said).chars().filter(|c| !c.is_control()).take(200).collect();
    if said.is_empty() {
        text!(
            "{endpoint} answers {method} {path} with status {status}",
            "{endpoint} 对 {method} {path} 返回状态码 {status}"
        )
    } else {
        text!(
            "{endpoint} answers {method} {path} with status {status}: {said}",
            "{endpoint} 对 {method} {path} 返回状态码 {status}：{said}"
        )
    }
}

/// dnetctl speaks no TLS: an engine behind it is on another host nearly always, and its own host can be asked directly.
pub fn needs_tls(endpoint: &str) -> Text {
    text!(
        "{endpoint} speaks TLS, which dnetctl does not; run dnetctl on the engine's own host, over its unix socket",
        "{endpoint} 使用 TLS，dnetctl 不支持；请在引擎所在主机上通过 unix 套接字运行 dnetctl"
    )
}
