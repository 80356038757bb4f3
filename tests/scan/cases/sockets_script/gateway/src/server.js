const WebSocket = require('ws');
const { Server } = require('socket.io');

const server = new WebSocket.Server({ noServer: true });

server.on('connection', function (ws, request) {
  ws.on('message', (data) => ws.send(data)); // finds: socket-receive, socket-send
  ws.on('close', () => console.log(request.url));
  if (!request.headers.authorization) ws.terminate(); // finds: socket-close
  ws.close(1008, 'policy'); // finds: socket-close
});

function upgrade(request, socket, head) {
  server.handleUpgrade(request, socket, head, (ws) => { // finds: socket-accept
    server.emit('connection', ws, request);
  });
}

function broadcast(text) {
  server.clients.forEach((client) => {
    if (client.readyState === WebSocket.OPEN) client.send(text); // finds: socket-send
  });
}

const io = new Server(3000);
io.on('connection', (socket) => {
  socket.emit('hello', 'world'); // finds: socket-send
  socket.on('chat', (message) => console.log(message)); // finds: socket-receive
  socket.on('disconnect', () => console.log('gone'));
  socket.disconnect(true); // finds: socket-close
});

function dial(url) {
  const client = new WebSocket(url);
  client.once('message', (data) => console.log(data)); // finds: socket-receive
  client.on('open', () => client.send('x')); // finds: socket-send
  return client;
}

module.exports = { upgrade, broadcast, dial };
