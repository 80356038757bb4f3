//! What can be done to a socket, by the words of the libraries.

use crate::scan::category::Category;

/// What is done to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scan) enum Act {
    /// A frame is written.
    Send,
    /// The handshake is completed.
    Accept,
    /// The connection is ended.
    Close,
    /// A frame is read.
    Receive,
}

/// How much a word says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scan) enum Says {
    /// Files, generators and mailers have it too: `send`, `close`.
    Little,
    /// Hardly anything but a socket has it: `send_text`.
    Much,
}

impl Act {
    pub(in crate::scan) const fn category(self) -> Category {
        match self {
            Self::Send => Category::SocketSend,
            Self::Accept => Category::SocketAccept,
            Self::Close => Category::SocketClose,
            Self::Receive => Category::SocketReceive,
        }
    }

    /// What a method of a socket does in Python: Starlette, `websockets`, `aiohttp`, Tornado,
    /// Channels, `websocket-client`.
    pub(in crate::scan) fn of_python(member: &str) -> Option<(Self, Says)> {
        Some(match member {
            "send_text" | "send_str" | "write_message" => (Self::Send, Says::Much),
            "send" | "send_json" | "send_bytes" | "send_binary" | "send_frame" | "emit" => {
                (Self::Send, Says::Little)
            }
            "accept" | "prepare" => (Self::Accept, Says::Little),
            "close" | "disconnect" => (Self::Close, Says::Little),
            "receive_text" | "receive_json" | "receive_bytes" | "receive_str" | "iter_text"
            | "iter_json" | "read_message" => (Self::Receive, Says::Much),
            "recv" | "receive" | "iter_bytes" | "recv_data" | "recv_frame" | "recv_streaming" => {
                (Self::Receive, Says::Little)
            }
            _ => return None,
        })
    }

    /// The same in the languages of browsers: the browser's own, `ws`, socket.io.
    pub(in crate::scan) fn of_script(member: &str) -> Option<(Self, Says)> {
        Some(match member {
            "send" | "emit" => (Self::Send, Says::Little),
            "accept" | "handleUpgrade" => (Self::Accept, Says::Little),
            "close" | "terminate" | "disconnect" => (Self::Close, Says::Little),
            _ => return None,
        })
    }

    /// What a helper does to the socket that is handed to it, by its name.
    pub(in crate::scan) fn of_helper(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let has = |word: &str| name.contains(word);
        if has("close") || has("disconnect") {
            Self::Close
        } else if has("accept") {
            Self::Accept
        } else if has("receive") || has("recv") {
            Self::Receive
        } else {
            Self::Send
        }
    }

    /// The word in an ASGI message: `{"type": "websocket.accept"}`.
    pub(in crate::scan) fn of_asgi(kind: &str) -> Option<Self> {
        Some(match kind {
            "websocket.send" => Self::Send,
            "websocket.accept" => Self::Accept,
            "websocket.close" => Self::Close,
            _ => return None,
        })
    }
}

/// How clearly a name is that of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scan) enum Named {
    /// As anything.
    Otherwise,
    /// `socket`, `sock`: those of the network are called so too.
    Perhaps,
    /// `ws`, `websocket`.
    Clearly,
}

/// Tells from the last part of a name alone.
pub(in crate::scan) fn named(name: &str) -> Named {
    if name.starts_with(|first: char| first.is_ascii_uppercase()) {
        return Named::Otherwise;
    }
    let words = words_of(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    while words.len() > 1 && matches!(words.last(), Some(&("ref" | "current"))) {
        words.pop();
    }
    match words.as_slice() {
        [.., "ws" | "websocket" | "websock"]
        | [.., "web", "socket"]
        | ["ws" | "websocket", "conn" | "connection" | "client"]
        | ["web", "socket", "conn" | "connection" | "client"] => Named::Clearly,
        [.., "socket" | "sock" | "sio"] => Named::Perhaps,
        _ => Named::Otherwise,
    }
}

/// The last part of a type that is a socket, or a thing around one: `WebSocketConnection`.
pub(in crate::scan) fn is_type(name: &str) -> bool {
    const WHOLE: [&str; 10] = [
        "WebSocket",
        "WebsocketType",
        "WebSocketResponse",
        "ClientWebSocketResponse",
        "WebSocketServerProtocol",
        "WebSocketClientProtocol",
        "WebSocketCommonProtocol",
        "ServerConnection",
        "ClientConnection",
        "WebSocketClientConnection",
    ];
    WHOLE.contains(&name) || name.ends_with("WebSocket") || holds(name)
}

/// A type that by its name holds one socket beside what is known about it.
pub(in crate::scan) fn holds(name: &str) -> bool {
    const ENDS: [&str; 6] = [
        "WebSocketConnection",
        "WebsocketConnection",
        "SocketConnection",
        "WebSocketSession",
        "WebSocketClient",
        "WebSocketConnectionInfo",
    ];
    ENDS.iter().any(|end| name.ends_with(end))
}

/// The words of a name in snake or camel case, in small letters; digits at the end are left out.
pub(in crate::scan) fn words_of(name: &str) -> Vec<String> {
    let name = name.trim_end_matches(|last: char| last.is_ascii_digit() || last == '_');
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        if matches!(letter, '_' | '$' | '#' | '-') {
            before = '_';
            continue;
        }
        let small_next = letters.peek().is_some_and(char::is_ascii_lowercase);
        let begins = before == '_'
            || letter.is_ascii_uppercase() && (!before.is_ascii_uppercase() || small_next);
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
        before = letter;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_word_by_word() {
        for (name, words) in [
            ("client_ws", "client ws"),
            ("wsRef", "ws ref"),
            ("WebSocketManager", "web socket manager"),
            ("JWTHandler", "jwt handler"),
            ("_ws2", "ws"),
            ("#socket", "socket"),
        ] {
            assert_eq!(words_of(name).join(" "), words, "{name}");
        }
    }

    #[test]
    fn a_socket_is_called_like_one_and_a_manager_is_not() {
        for name in ["ws", "websocket", "_websocket", "client_ws", "wsRef", "webSocket", "ws_conn"]
        {
            assert_eq!(named(name), Named::Clearly, "{name}");
        }
        for name in ["socket", "sock", "client_socket", "socketRef"] {
            assert_eq!(named(name), Named::Perhaps, "{name}");
        }
        for name in ["websockets", "ws_manager", "WebSocket", "windows", "news", "ws_url", "self"] {
            assert_eq!(named(name), Named::Otherwise, "{name}");
        }
    }

    #[test]
    fn the_words_of_the_libraries_are_told_apart() {
        assert_eq!(Act::of_python("send_text"), Some((Act::Send, Says::Much)));
        assert_eq!(Act::of_python("send"), Some((Act::Send, Says::Little)));
        assert_eq!(Act::of_python("iter_json"), Some((Act::Receive, Says::Much)));
        assert_eq!(Act::of_python("sendall"), None);
        assert_eq!(Act::of_script("terminate"), Some((Act::Close, Says::Little)));
        assert_eq!(Act::of_helper("safe_websocket_close"), Act::Close);
        assert_eq!(Act::of_helper("websocket_send_json"), Act::Send);
        assert_eq!(Act::of_asgi("websocket.close"), Some(Act::Close));
        assert_eq!(Act::of_asgi("http.response.start"), None);
    }

    #[test]
    fn a_type_tells_whether_it_is_or_holds_a_socket() {
        assert!(is_type("WebSocket") && is_type("WebSocketConnection") && is_type("FakeWebSocket"));
        assert!(!is_type("WebSocketManager") && !is_type("WebSocketState"));
        assert!(holds("UserWebSocketSession") && !holds("WebSocket"));
    }
}
