// A gate before the server, for the stories of bad networks: it lets everything through, or some ways not, or is gone.

import { createServer, request as ask } from 'node:http'
import { BASE } from './stage.mjs'

const server = new URL(BASE)

/** Which way a request takes; null for everything that is not one of the ways to hear news. */
function wayOf(url) {
  const { pathname } = new URL(url, BASE)
  if (pathname === '/v1/realtime') return 'socket'
  if (pathname === '/v1/widget/events') return 'stream'
  return pathname === '/v1/widget/events/poll' ? 'poll' : null
}

export async function gate() {
  const blocked = new Set()
  const connections = new Set()
  const seen = []

  /** What the server is told: that it is asked at its own address, from its own pages. */
  function headers(given) {
    const told = { ...given, host: server.host }
    for (const name of ['origin', 'referer']) if (told[name]) told[name] = told[name].replace(here.base, BASE)
    return told
  }

  const http = createServer((request, response) => {
    const way = wayOf(request.url)
    if (way) seen.push(way)
    if (blocked.has(way)) return response.writeHead(502).end()
    const { method, url } = request
    const passed = ask({
      host: server.hostname,
      port: server.port,
      method,
      path: url,
      headers: headers(request.headers),
    })
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    request.pipe(passed)
  })
  http.on('upgrade', (request, socket, head) => {
    seen.push('socket')
    socket.on('error', () => undefined)
    if (blocked.has('socket'))
      return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    const passed = ask({
      host: server.hostname,
      port: server.port,
      path: request.url,
      headers: headers(request.headers),
    })
    passed.on('error', () => socket.destroy())
    passed.on('upgrade', (answer, other, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      if (head.length > 0) other.write(head)
      if (first.length > 0) socket.write(first)
      other.on('error', () => socket.destroy())
      other.on('close', () => socket.destroy())
      socket.on('close', () => other.destroy())
      socket.pipe(other).pipe(socket)
    })
    passed.end()
  })
  http.on('connection', (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  const listen = (port) => new Promise((ready) => http.listen(port, '127.0.0.1', ready))
  await listen(0)
  http.unref()
  const { port } = http.address()

  const cut = () => {
    for (const socket of connections) socket.destroy()
  }
  const here = {
    base: `http://localhost:${port}`,
    /** The ways that were tried, in order. */
    seen,
    /** Lets these ways not through any more, and breaks what goes over them. */
    block(...ways) {
      blocked.clear()
      for (const way of ways) blocked.add(way)
      cut()
    },
    /** As when the server is killed: connections break, and new ones are refused. */
    async close() {
      const closed = new Promise((done) => http.close(done))
      cut()
      await closed
    },
    open: () => listen(port),
  }
  return here
}
