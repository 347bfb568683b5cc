// A server of ws, as Node's users have it, with compression offered: what a message asks for is done.
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  perMessageDeflate: true,
  verifyClient: ({ req }) => req.headers.authorization !== 'none',
  handleProtocols: (offered) => (offered.has('v2') ? 'v2' : false),
});

server.on('connection', (socket, request) => {
  socket.send(JSON.stringify({ type: 'hello', path: request.url, version: request.headers['x-version'] }));
  socket.on('message', (data, binary) => {
    const asked = data.toString();
    if (asked === 'parts') {
      socket.send('in ', { fin: false });
      socket.ping('are you there?');
      socket.send('parts', { fin: true });
    } else if (asked === 'pong') {
      socket.once('pong', (payload) => socket.send(`pong ${payload}`));
      socket.ping('42');
    } else if (asked === 'close') {
      socket.close(4001, 'as you wish');
    } else if (asked === 'die') {
      socket.terminate();
    } else {
      socket.send(data, { binary });
    }
  });
});
