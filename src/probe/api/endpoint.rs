//! Which engine is meant: chosen as the docker CLI chooses (docker/cli v28 cli/command/cli.go `resolveContextName`,
//! cli/context/store/metadatastore.go).

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::parse::mask::mask;
use crate::probe::Request;
use crate::probe::files::Files;
use crate::text::{Text, text};

/// Where an engine's API is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The path of a unix socket.
    Unix(String),
    /// Host (a name, or an address without brackets) and port.
    Tcp(String, u16),
    /// `ssh://…`, without the user.
    Ssh(String),
    /// `npipe://…`: a pipe of Windows.
    Pipe(String),
}

/// The socket that the docker CLI asks when it was told nothing.
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// The default port without TLS (docker/cli opts/hosts.go `DefaultHTTPPort`).
const DEFAULT_PORT: u16 = 2375;

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Endpoint::Unix(path) => write!(f, "unix://{path}"),
            Endpoint::Tcp(host, port) if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Endpoint::Tcp(host, port) => write!(f, "tcp://{host}:{port}"),
            Endpoint::Ssh(host) => write!(f, "ssh://{host}"),
            Endpoint::Pipe(path) => write!(f, "npipe://{path}"),
        }
    }
}

/// An endpoint as `-H` and DOCKER_HOST write it (docker/cli opts/hosts.go `ParseHost`).
///
/// # Errors
/// A sentence that names what is wrong with it; passwords in it are masked.
pub fn parse_endpoint(given: &str) -> Result<Endpoint, Text> {
    let given = given.trim();
    let shown = mask(given);
    let (scheme, rest) = given.split_once("://").unwrap_or(("tcp", given));
    match scheme {
        "unix" if rest.is_empty() => Ok(Endpoint::Unix(DEFAULT_SOCKET.to_owned())),
        "unix" if rest.starts_with('/') => Ok(Endpoint::Unix(rest.to_owned())),
        "unix" => Err(text!(
            "`{shown}`: a unix socket is given by its absolute path, unix:///path/to/docker.sock",
            "`{shown}`：unix 套接字必须写绝对路径，例如 unix:///path/to/docker.sock"
        )),
        "tcp" | "http" => tcp(rest).ok_or_else(|| {
            text!(
                "`{shown}` is no engine endpoint: expected tcp://HOST:PORT or unix:///PATH",
                "`{shown}` 不是引擎端点：应为 tcp://HOST:PORT 或 unix:///PATH"
            )
        }),
        "ssh" if !rest.is_empty() => {
            Ok(Endpoint::Ssh(rest.rsplit_once('@').map_or(rest, |(_user, host)| host).to_owned()))
        }
        "npipe" => Ok(Endpoint::Pipe(rest.to_owned())),
        "fd" => Err(text!(
            "`{shown}` is where dockerd takes its socket from systemd; a client cannot speak to it, use unix://{DEFAULT_SOCKET}",
            "`{shown}` 是 dockerd 从 systemd 接收套接字的写法，客户端不能连接；请使用 unix://{DEFAULT_SOCKET}"
        )),
        _ => Err(text!(
            "`{shown}` is no engine endpoint: the scheme must be unix, tcp or ssh",
            "`{shown}` 不是引擎端点：协议只能是 unix、tcp 或 ssh"
        )),
    }
}

/// `HOST`, `HOST:PORT`, `:PORT`, `[V6]:PORT`, with a trailing slash or not; credentials and paths are refused.
fn tcp(rest: &str) -> Option<Endpoint> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '@', '?', '#']) || rest.contains(char::is_whitespace) {
        return None;
    }
    let (host, port) = match rest.strip_prefix('[') {
        Some(v6) => {
            let (host, after) = v6.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, after.strip_prefix(':').or(after.is_empty().then_some(""))?)
        }
        None => rest.split_once(':').unwrap_or((rest, "")),
    };
    let port = if port.is_empty() { DEFAULT_PORT } else { port.parse().ok().filter(|port| *port != 0)? };
    let host = if host.is_empty() { "localhost" } else { host };
    Some(Endpoint::Tcp(host.to_owned(), port))
}

/// The endpoint that is meant, and who said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub endpoint: Endpoint,
    /// `default`, `--host`, `DOCKER_HOST`, `context NAME`.
    pub by: String,
    /// The context has TLS material: the endpoint speaks TLS only.
    pub tls: bool,
}

/// Chooses as the docker CLI does: `-H`, DOCKER_HOST, DOCKER_CONTEXT, the current context, the default socket.
///
/// # Errors
/// A sentence when what was named does not exist or is no endpoint: another engine than the one meant is never asked.
pub fn choose(request: &Request, files: &Files) -> Result<Chosen, Text> {
    let named = |given: &Option<String>| given.clone().filter(|value| !value.is_empty());
    let plain = |endpoint, by: &str| Chosen { endpoint, by: by.to_owned(), tls: false };
    if let Some(host) = named(&request.engine) {
        return Ok(plain(parse_endpoint(&host)?, "--host"));
    }
    if let Some(host) = named(&request.docker_host) {
        return Ok(plain(parse_endpoint(&host)?, "DOCKER_HOST"));
    }
    let directory = named(&request.docker_config_dir).or(named(&request.home).map(|home| format!("{home}/.docker")));
    let context = match (named(&request.docker_context), &directory) {
        (Some(context), _) => Some(context),
        (None, Some(directory)) => current_context(files, directory)?,
        (None, None) => None,
    };
    match (context.filter(|name| name != "default"), directory) {
        (Some(name), Some(directory)) => context_endpoint(files, &directory, &name),
        (Some(name), None) => Err(no_context(&name)),
        (None, _) => Ok(plain(Endpoint::Unix(DEFAULT_SOCKET.to_owned()), "default")),
    }
}

/// The one key of config.json that is read; the file also holds credentials.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientConfig {
    current_context: Option<String>,
}

fn current_context(files: &Files, directory: &str) -> Result<Option<String>, Text> {
    let path = format!("{directory}/config.json");
    // What this user may not read, this user's docker CLI does not read either: it warns and goes on with the default.
    let Ok(Some(text)) = files.text_if_any(&path) else { return Ok(None) };
    match serde_json::from_str::<ClientConfig>(&text) {
        Ok(config) => Ok(config.current_context.filter(|name| !name.is_empty())),
        Err(_) => Err(text!(
            "{path} does not parse, so which docker context is current is unknown",
            "{path} 无法解析，因此不知道当前的 docker context 是哪一个"
        )),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextMeta {
    endpoints: Option<ContextEndpoints>,
}

#[derive(Deserialize)]
struct ContextEndpoints {
    docker: Option<ContextEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEndpoint {
    host: Option<String>,
}

fn context_endpoint(files: &Files, directory: &str, name: &str) -> Result<Chosen, Text> {
    let hash: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let meta = files.text_if_any(&format!("{directory}/contexts/meta/{hash}/meta.json"));
    let Ok(Some(meta)) = meta else { return Err(no_context(name)) };
    let meta: ContextMeta = serde_json::from_str(&meta)
        .map_err(|_| text!("the docker context `{name}` does not parse", "docker context `{name}` 无法解析"))?;
    let host = meta.endpoints.and_then(|endpoints| endpoints.docker).and_then(|docker| docker.host);
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        return Err(text!("the docker context `{name}` names no engine", "docker context `{name}` 没有指定引擎"));
    };
    let tls = files.list(&format!("{directory}/contexts/tls/{hash}/docker")).is_ok_and(|names| !names.is_empty());
    Ok(Chosen { endpoint: parse_endpoint(&host)?, by: format!("context {name}"), tls })
}

fn no_context(name: &str) -> Text {
    text!(
        "the docker context `{name}` does not exist or may not be read (see `docker context ls`)",
        "docker context `{name}` 不存在或无权读取（参见 `docker context ls`）"
    )
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    fn tcp_at(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp(host.to_owned(), port)
    }

    #[test]
    fn endpoints_are_written_as_the_docker_cli_takes_them() {
        assert_eq!(parse_endpoint("unix://"), Ok(Endpoint::Unix("/var/run/docker.sock".to_owned())));
        assert_eq!(parse_endpoint("unix:///run/x.sock"), Ok(Endpoint::Unix("/run/x.sock".to_owned())));
        assert_eq!(parse_endpoint("tcp://10.0.0.5"), Ok(tcp_at("10.0.0.5", 2375)));
        assert_eq!(parse_endpoint("10.0.0.5:2376"), Ok(tcp_at("10.0.0.5", 2376)));
        assert_eq!(parse_endpoint(":2375"), Ok(tcp_at("localhost", 2375)));
        assert_eq!(parse_endpoint("tcp://[fd00::1]:2375/"), Ok(tcp_at("fd00::1", 2375)));
        assert_eq!(parse_endpoint("ssh://root@web1:22"), Ok(Endpoint::Ssh("web1:22".to_owned())));
        for bad in
            ["unix://run/x", "fd://", "ftp://x", "tcp://a:b", "tcp://a:0", "tcp://a:70000", "tcp://[x]:1", "ssh://"]
        {
            assert!(parse_endpoint(bad).is_err(), "{bad}");
        }
        let why = parse_endpoint("tcp://user:hunter2@host:2375").expect_err("credentials");
        assert!(!why.en.contains("hunter2") && !why.zh.contains("hunter2"));
    }

    fn request(dir: &std::path::Path) -> Request {
        Request { docker_config_dir: Some(dir.to_string_lossy().into_owned()), ..Request::default() }
    }

    #[test]
    fn the_order_of_precedence_is_the_docker_clis() {
        let dir = tempfile::tempdir().expect("a directory");
        let files = Files::new(None);
        let by = |request: &Request| choose(request, &files).map(|chosen| (chosen.endpoint.to_string(), chosen.by));
        let mut asked = request(dir.path());
        assert_eq!(by(&asked), Ok(("unix:///var/run/docker.sock".to_owned(), "default".to_owned())));

        // printf far | sha256sum
        let hash = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";
        let meta = dir.path().join("contexts/meta").join(hash);
        std::fs::create_dir_all(&meta).expect("meta");
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://10.0.0.9:2375"}}}"#,
        )
        .expect("meta.json");
        std::fs::write(dir.path().join("config.json"), r#"{"auths":{"x":{"auth":"c2VjcmV0"}},"currentContext":"far"}"#)
            .expect("config.json");
        assert_eq!(by(&asked), Ok(("tcp://10.0.0.9:2375".to_owned(), "context far".to_owned())));
        asked.docker_context = Some("default".to_owned());
        assert_eq!(by(&asked).expect("default").1, "default");
        asked.docker_context = Some("gone".to_owned());
        assert!(by(&asked).expect_err("no such context").en.contains("`gone` does not exist"));
        asked.docker_host = Some("unix:///run/a.sock".to_owned());
        assert_eq!(by(&asked).expect("variable").1, "DOCKER_HOST");
        asked.engine = Some("unix:///run/b.sock".to_owned());
        assert_eq!(by(&asked), Ok(("unix:///run/b.sock".to_owned(), "--host".to_owned())));
    }
}
