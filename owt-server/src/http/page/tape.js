// What an answer was made of, as long as it is not too much to keep.

/** No more bytes of one answer than this are kept to be shown whole or downloaded. */
const MOST = 64 << 20;

export class Tape {
  #chunks = [];
  /** Bytes that have come. */
  size = 0;
  type = '';

  /** Whether all of it is kept. */
  get isWhole() {
    return this.size <= MOST;
  }

  get blob() {
    return new Blob(this.#chunks, { type: this.type });
  }

  /** As the global one, and what comes is noted. `heard` is called at every piece. */
  fetcher(heard) {
    return async (url, init) => {
      const response = await fetch(url, init);
      this.type = response.headers.get('Content-Type') ?? '';
      if (!response.body) return response;
      const note = new TransformStream({
        transform: (chunk, out) => {
          this.size += chunk.length;
          if (this.isWhole) this.#chunks.push(chunk);
          else this.#chunks = [];
          out.enqueue(chunk);
          heard();
        },
      });
      return new Response(response.body.pipeThrough(note), response);
    };
  }
}
