/** A worker that reads its body and says yes: what HTTP alone costs on a machine. */

export default {
  async fetch(request: Request): Promise<Response> {
    await request.text()
    return new Response(null, { status: 204 })
  },
}
