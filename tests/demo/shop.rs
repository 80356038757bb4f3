//! The source of a small shop, before its copies are gone and after.

use std::fs;
use std::path::Path;

const SETTINGS: &str = r#"
[scan]
services = [
    { name = "backend", path = "backend/" },
    { name = "ui", path = "ui/", browser = true },
]
[scan.authority]
canonical = ["backend/authority.py"]
names = ["JWTValidator"]
accessors = ["who_is"]
[scan.manager]
canonical = ["backend/sockets.py"]
names = ["*WebSocketManager", "create_websocket_manager", "get_websocket_manager"]
accessors = ["get_websocket_manager"]

[[rewrite.import]]
from = "backend.old_manager"
name = "ChatWebSocketManager"
to = "backend.sockets"
as = "WebSocketManager"

[[rewrite.call]]
from = "backend.old_manager"
name = "create_websocket_manager"
to = "backend.sockets"
as = "get_websocket_manager"
"#;

const AUTHORITY: &str = r#"
import os
import jwt

def who_is(token):
    return jwt.decode(token, os.environ["JWT_SECRET_KEY"], algorithms=["HS256"])
"#;

const SOCKETS: &str = r"
from fastapi import WebSocket

class WebSocketManager:
    def __init__(self):
        self.sockets: dict[str, WebSocket] = {}

    async def connect(self, user: str, websocket: WebSocket):
        await websocket.accept()
        self.sockets[user] = websocket

    async def send(self, user: str, event: dict):
        await self.sockets[user].send_json(event)

MANAGER = WebSocketManager()

def get_websocket_manager():
    return MANAGER
";

const OLD_AUTH: &str = r#"
import jwt

def check_token(token):
    claims = jwt.decode(token, "secret", algorithms=["HS256"])
    return claims["sub"]
"#;

const OLD_MANAGER: &str = r"
from fastapi import WebSocket

class ChatWebSocketManager:
    def __init__(self):
        self.active: list[WebSocket] = []

    async def connect(self, websocket: WebSocket):
        await websocket.accept()
        self.active.append(websocket)

    async def broadcast(self, event: dict):
        for websocket in self.active:
            await websocket.send_json(event)

def create_websocket_manager():
    return ChatWebSocketManager()
";

const CHAT: &str = r#"
from backend.old_manager import create_websocket_manager

def answer(user, text):
    return create_websocket_manager().send(user, {"type": "agent_completed", "text": text})
"#;

const OLD_SESSION: &str = "
export function whoAmI(): string {
  const token = localStorage.getItem('jwt_token') ?? '';
  return JSON.parse(atob(token.split('.')[1])).sub;
}
";

const SESSION: &str = "
export async function whoAmI(): Promise<string> {
  const session = await fetch('/v1/session');
  return (await session.json()).subject;
}
";

/// Everything as it has grown.
pub fn grown(root: &Path) {
    for (path, text) in [
        ("crossfade.toml", SETTINGS),
        ("backend/__init__.py", ""),
        ("backend/authority.py", AUTHORITY),
        ("backend/sockets.py", SOCKETS),
        ("backend/old_auth.py", OLD_AUTH),
        ("backend/old_manager.py", OLD_MANAGER),
        ("backend/chat.py", CHAT),
        ("ui/session.ts", OLD_SESSION),
    ] {
        let place = root.join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::write(place, text).expect("written");
    }
}

/// What nobody imports any more is deleted, and the browser asks instead of reading.
pub fn tidy(root: &Path) {
    for copy in ["backend/old_auth.py", "backend/old_manager.py"] {
        fs::remove_file(root.join(copy)).expect("there");
    }
    fs::write(root.join("ui/session.ts"), SESSION).expect("written");
}
