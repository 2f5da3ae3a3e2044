// Whether the page has been in front for a moment: a click or a key that was meant for another
// window shall not press anything here.

const MOMENT = 600;

/** Calls `changed` with whether it is so, now and whenever that changes; gives what ends this. */
export function watchFront(changed) {
  let soon;
  const stopper = new AbortController();
  const look = () => {
    clearTimeout(soon);
    changed(false);
    if (document.visibilityState === 'visible' && document.hasFocus()) {
      soon = setTimeout(() => changed(true), MOMENT);
    }
  };
  const { signal } = stopper;
  for (const event of ['focus', 'blur', 'pageshow']) addEventListener(event, look, { signal });
  document.addEventListener('visibilitychange', look, { signal });
  signal.addEventListener('abort', () => clearTimeout(soon));
  look();
  return () => stopper.abort();
}
