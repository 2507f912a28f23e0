/** Which TCP ports of this machine are free. */

import { createServer } from 'node:net'

/** Listens for a moment on `port` of 127.0.0.1 (0 for one that is free). Answers the port; throws where it is taken. */
export function claimPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken. Choose another: PORT=${port + 1} npm start`)
          : error,
      )
    })
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const claimed = address && typeof address === 'object' ? address.port : port
      server.close(() => resolve(claimed))
    })
  })
}
