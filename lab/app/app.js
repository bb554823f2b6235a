/**
 * The application of the lab: one port, plain Node, and a way to be bad for every kind of bad image.
 *
 * APP_VERSION: told in every answer. START_DELAY_MS: listens only after it. BEHAVIOUR: unhealthy | exits | hangs | errors.
 *
 * Told to stop, it cuts every request that it has in hand: who stops it too early is to be seen. Streams and web sockets, of
 * which some never end by themselves, it ends as they should be.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const version = process.env.APP_VERSION ?? 'dev';
const port = Number(process.env.PORT ?? 8080);
const startDelayMs = Number(process.env.START_DELAY_MS ?? 0);
const behaviour = process.env.BEHAVIOUR ?? 'good';
const container = hostname();

let stopping = false;
/** Requests, each by its answer, until that is over. */
const inHand = new Set();
/** Ends the long-lived connections, by what it takes to end each politely. */
const endings = new Set();

const routes = {
  '/': (_, response) => answer(response, behaviour === 'errors' ? 500 : 200, { version, container }),
  '/health': (_, response) => {
    const healthy = behaviour !== 'unhealthy';
    answer(response, healthy ? 200 : 503, { healthy, version, uptime: process.uptime() });
  },
  '/slow': (request, response) => {
    const ms = Number(urlOf(request).searchParams.get('ms') ?? 1000);
    setTimeout(() => answer(response, 200, { version, container, ms }), ms);
  },
  '/echo': (request, response) => {
    let bytes = 0;
    request.on('data', (chunk) => (bytes += chunk.length));
    request.on('end', () => answer(response, 200, { version, container, bytes }));
  },
  '/stream': stream,
};

const server = createServer((request, response) => {
  if (stopping) return void request.socket.destroy();
  inHand.add(response);
  response.on('close', () => inHand.delete(response));
  const route = routes[urlOf(request).pathname];
  if (route) route(request, response);
  else answer(response, 404, { error: 'no such path' });
});
// HAProxy keeps idle connections and sends on them at any time: the application must not be the one to close them.
server.keepAliveTimeout = 0;
server.on('upgrade', webSocket);

process.on('SIGTERM', stop);
process.on('SIGINT', stop);

if (behaviour === 'exits') {
  setTimeout(() => {
    console.error('Cannot start: the settings file /app/settings.json is missing');
    process.exit(1);
  }, 200);
} else if (behaviour === 'hangs') {
  setInterval(() => undefined, 60_000);
} else {
  setTimeout(() => server.listen(port, () => console.log(`${version} listens on ${port}`)), startDelayMs);
}

function urlOf(request) {
  return new URL(request.url, 'http://app');
}

function answer(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-app-version': version,
  });
  response.end(text);
}

function stream(request, response) {
  inHand.delete(response);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-app-version': version });
  const ticking = setInterval(() => response.write(`data: ${version}\n\n`), 200);
  const end = () => response.end();
  endings.add(end);
  response.on('close', () => {
    clearInterval(ticking);
    endings.delete(end);
  });
}

function webSocket(request, socket) {
  socket.on('error', () => socket.destroy());
  const key = request.headers['sec-websocket-key'];
  if (urlOf(request).pathname !== '/ws' || !key) {
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    return;
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n' +
      `sec-websocket-accept: ${accept}\r\nx-app-version: ${version}\r\n\r\n`,
  );
  // 1001: "going away", the status of RFC 6455 for a server that stops.
  const end = () => socket.end(Buffer.from([0x88, 2, 0x03, 0xe9]));
  endings.add(end);
  socket.on('close', () => endings.delete(end));
  echoFrames(socket);
}

/** Answers masked frames of less than 126 bytes with the same text; a close frame ends the connection. */
function echoFrames(socket) {
  let waiting = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 6) {
      const length = waiting[1] & 0x7f;
      if (waiting.length < 6 + length) return;
      const mask = waiting.subarray(2, 6);
      const text = Buffer.from(waiting.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]));
      const isClose = (waiting[0] & 0x0f) === 8;
      waiting = waiting.subarray(6 + length);
      if (isClose) return void socket.end(Buffer.from([0x88, 0]));
      socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
    }
  });
  socket.on('end', () => socket.end());
}

function stop() {
  if (!server.listening) process.exit(0);
  if (stopping) return;
  stopping = true;
  for (const response of inHand) response.destroy();
  for (const end of endings) end();
  server.close(() => process.exit(0));
  // The connection of a stream becomes idle when that has ended.
  setInterval(() => server.closeIdleConnections(), 50);
}
