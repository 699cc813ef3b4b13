//! HTTP/1.1 over one connection that is kept, as lean as it can be: the generator shares the cores
//! with what it measures.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Room for the answers that are usual.
const BUFFER_BYTES: usize = 16 * 1024;

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Opens a connection.
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER_BYTES) })
    }

    /// Sends a request whose last byte has left when this returns.
    pub async fn send(&mut self, request: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(request).await?)
    }

    /// Reads the answer to the request that was sent.
    pub async fn answer(&mut self) -> anyhow::Result<Answer<'_>> {
        self.buffer.clear();
        let (mut seen, head_end) = (0, b"\r\n\r\n");
        let head = loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
            let from = usize::saturating_sub(seen, head_end.len());
            let found = self.buffer[from..].windows(head_end.len()).position(|it| it == head_end);
            if let Some(place) = found {
                break from + place + head_end.len();
            }
            seen = self.buffer.len();
        };
        let (status, length) = read_head(&self.buffer[..head])?;
        match length {
            Length::Known(length) => self.read_up_to(head + length).await?,
            Length::Chunked => self.join_chunks(head).await?,
        }
        Ok(Answer { status, body: &self.buffer[head..] })
    }

    /// Reads until the answer has this length.
    async fn read_up_to(&mut self, length: usize) -> anyhow::Result<()> {
        while self.buffer.len() < length {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
        }
        ensure!(self.buffer.len() == length, "more came than one answer");
        Ok(())
    }

    /// Reads a body that comes in chunks, each after its length, the last one empty.
    async fn join_chunks(&mut self, head: usize) -> anyhow::Result<()> {
        let (mut next, mut body) = (head, Vec::new());
        loop {
            let Some(line) = self.buffer[next..].windows(2).position(|it| it == b"\r\n") else {
                ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
                continue;
            };
            let length = std::str::from_utf8(&self.buffer[next..next + line])?;
            let length = usize::from_str_radix(length, 16).context("a chunk says its length")?;
            let begin = next + line + 2;
            next = begin + length + 2;
            while self.buffer.len() < next {
                ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server hung up");
            }
            body.extend_from_slice(&self.buffer[begin..begin + length]);
            if length == 0 {
                break;
            }
        }
        ensure!(self.buffer.len() == next, "more came than one answer");
        self.buffer.truncate(head);
        self.buffer.extend_from_slice(&body);
        Ok(())
    }

    /// Sends a request and reads the body of its answer, which has to be a success.
    pub async fn ask(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.send(request).await?;
        let Answer { status, body } = self.answer().await?;
        if status != 200 {
            bail!("the server answered {status}: {}", String::from_utf8_lossy(body));
        }
        Ok(body)
    }
}

/// How long a body is.
enum Length {
    Known(usize),
    Chunked,
}

fn read_head(head: &[u8]) -> anyhow::Result<(u16, Length)> {
    let head = std::str::from_utf8(head)?;
    let status = head.get(9..12).context("an answer begins with its status")?.parse()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Some(Length::Chunked);
        }
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok().map(Length::Known))?
    });
    Ok((status, length.context("an answer says its length")?))
}

/// A request as bytes.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        for part in [name, ": ", value, "\r\n"] {
            request.push_str(part);
        }
    }
    request.push_str("content-length: ");
    request.push_str(&body.len().to_string());
    request.push_str("\r\n\r\n");
    let mut request = request.into_bytes();
    request.extend_from_slice(body);
    request
}
