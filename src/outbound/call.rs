//! One call and its answer.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Headers, Url};

/// Request methods that the house uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Read.
    Get,
    /// Ask or do.
    Post,
    /// Replace.
    Put,
    /// Remove.
    Delete,
    /// Read without a body.
    Head,
}

impl Method {
    pub(super) const fn to_library(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Delete => reqwest::Method::DELETE,
            Self::Head => reqwest::Method::HEAD,
        }
    }
}

/// What is sent, and how long and how large the answer may be.
#[derive(Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The target; its host must be on the list.
    pub url: Url,
    /// Header fields.
    pub headers: Headers,
    /// The body; empty for none.
    pub body: Bytes,
    /// From the first step to the last byte of the answer.
    pub timeout: Duration,
    /// Largest accepted body of the answer, in bytes. Reading stops there.
    pub response_bytes_max: usize,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({:?} {}, {} bytes)", self.method, self.url, self.body.len())
    }
}

/// What came back, whatever its status. A redirect is an answer like any other.
#[derive(Clone)]
pub struct Answer {
    /// The status code, 100 to 999.
    pub status: u16,
    /// Header fields.
    pub headers: Headers,
    /// The whole body.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}
