// Written by `owt stubs --for typescript`; write it again when the functions change.

export interface Options {
  /** Seconds after which the server cancels the call. */
  timeout?: number;
  /** Cancels the call. */
  signal?: AbortSignal;
}

/** What went wrong (RFC 9457). */
export class OwtProblem extends Error {
  constructor(
    readonly status: number,
    readonly problem: { [name: string]: unknown },
  ) {
    super(String(problem['detail'] ?? problem['title'] ?? status));
    this.name = 'OwtProblem';
  }
}

/** The functions that a server publishes. */
export class Functions {
  /** Of the server at that address, which may ask for a token. */
  constructor(
    readonly address = 'http://127.0.0.1:9876',
    readonly token?: string,
  ) {}

  private async ask(path: string, args: object, options: Options): Promise<Response> {
    const url = new URL(this.address.replace(/\/$/, '') + path);
    if (options.timeout !== undefined) url.searchParams.set('timeout', String(options.timeout));
    const headers: { [name: string]: string } = {
      'Content-Type': 'application/json',
      Accept: 'application/json, */*;q=0.5',
      'X-Owt': '1',
    };
    if (this.token !== undefined) headers['Authorization'] = `Bearer ${this.token}`;
    // An argument called code, alone, would be run.
    const given = 'code' in args || 'code_b64' in args ? { kwargs: args } : args;
    const body = JSON.stringify(given, (_name, value: unknown) =>
      value instanceof Uint8Array ? btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join('')) : value,
    );
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body,
      ...(options.signal && { signal: options.signal }),
    });
    if (answer.ok) return answer;
    const text = await answer.text();
    const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json');
    throw new OwtProblem(answer.status, isProblem ? JSON.parse(text) : { detail: text });
  }

  private async value<T>(path: string, args: object, options: Options): Promise<T> {
    const answer = await this.ask(path, args, options);
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json');
    return (isJson ? JSON.parse(text) : text === '' && !answer.headers.get('content-type') ? null : text) as T;
  }

  private async bytes(path: string, args: object, options: Options): Promise<Uint8Array> {
    return new Uint8Array(await (await this.ask(path, args, options)).arrayBuffer());
  }

  private async *stream(path: string, args: object, options: Options): AsyncIterable<string> {
    const body = (await this.ask(path, args, options)).body;
    if (!body) return;
    const reader = body.getReader();
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield decoder.decode(value, { stream: true });
      }
    } finally {
      await reader.cancel();
    }
  }
