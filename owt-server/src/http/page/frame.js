// HTML in a frame of no origin: its scripts run, and can neither touch this page nor call.

/** The most that it may have of the window's height. */
const HIGHEST = 0.7;

export class Frame {
  element = document.createElement('iframe');
  #port;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.element.title = 'The page that came back';
    this.element.src = '/_owt/frame';
    this.element.addEventListener(
      'load',
      () => {
        // The frame has no origin that could be named; it is ours, by its address.
        this.element.contentWindow.postMessage('', '*', [port2]);
      },
      { once: true },
    );
    port1.onmessage = ({ data }) => this.#grow(Number(data));
  }

  write(text) {
    this.#port.postMessage(text);
  }

  end() {
    this.#port.postMessage(null);
  }

  /** As high as what is in it, but not higher than most of the window. */
  #grow(height) {
    const most = Math.max(320, innerHeight * HIGHEST);
    this.element.style.height = `${Math.min(Math.max(height, 48), most)}px`;
  }
}
