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

  /**
   * What came, as that type. A page of our origin gives a blob its origin, wherever it is opened:
   * no type that a browser makes a document with scripts of may be said here.
   */
  blob(type) {
    return new Blob(this.#chunks, { type });
  }

  /** As the global one, and what comes is noted. `heard` is called at every piece. */
  fetcher(heard) {
    return async (url, init) => {
      const response = await fetch(url, init);
      this.type = response.headers.get('Content-Type') ?? '';
      if (!response.body) return response;
      return new Response(this.#copied(response.body.getReader(), heard), response);
    };
  }

  /** Nothing is read ahead: a piece that came before a cut is given before the cut is told. */
  #copied(reader, heard) {
    const pull = async (out) => {
      const { done, value } = await reader.read();
      if (done) return out.close();
      this.size += value.length;
      if (this.isWhole) this.#chunks.push(value);
      else this.#chunks = [];
      out.enqueue(value);
      return heard();
    };
    return new ReadableStream({ pull, cancel: (why) => reader.cancel(why) }, { highWaterMark: 0 });
  }
}
