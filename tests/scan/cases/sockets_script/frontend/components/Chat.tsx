import React, { useEffect, useRef, useState } from 'react';
import { io, type Socket } from 'socket.io-client';
import { getWebSocketManager } from '../services';

export function Chat({ url }: { url: string }) {
  const ref = useRef<WebSocket | null>(null);
  const [text, setText] = useState('');

  useEffect(() => {
    const ws = new WebSocket(url);
    ref.current = ws;
    ws.onopen = () => ws.send('hello'); // finds: socket-send
    ws.onmessage = (event) => setText(event.data); // finds: socket-receive
    ws.addEventListener('message', (event) => setText(event.data)); // finds: socket-receive
    ws.addEventListener('close', () => setText('closed'));
    return () => ws.close(1000, 'left'); // finds: socket-close
  }, [url]);

  const send = () => ref.current?.send(text); // finds: socket-send

  return (
    <div>
      {/* ws.send('hello') */}
      <button onClick={send}>ws.send(text)</button>
      <button onClick={() => ref.current?.close()}>close</button> {/* finds: socket-close */}
      <button onClick={() => getWebSocketManager().send('a', text)}>send</button> {/* finds: accessor-use */}
    </div>
  );
}

export function Rooms({ url }: { url: string }) {
  const [socket, setSocket] = useState<Socket | null>(null);

  useEffect(() => {
    const made = io(url, { path: '/socket.io' });
    made.on('connect', () => setSocket(made));
    made.on('chat', (message) => console.log(message)); // finds: socket-receive
    made.emit('join', { room: 'a' }); // finds: socket-send
    return () => {
      made.disconnect(); // finds: socket-close
    };
  }, [url]);

  return <button onClick={() => socket?.emit('chat', 'x')}>send</button>; // finds: socket-send
}
