// Buttons that open a panel below them, one at a time.

/** `opened` hears the name of the panel that was opened. Gives what opens one, or none. */
export function panels(bar, opened) {
  const buttons = [...bar.querySelectorAll('[aria-controls]')];
  const nameOf = (button) => button.getAttribute('aria-controls');
  const open = (name) => {
    for (const button of buttons) {
      const isIt = nameOf(button) === name;
      button.setAttribute('aria-expanded', String(isIt));
      document.getElementById(nameOf(button)).hidden = !isIt;
    }
    if (name) opened(name);
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      open(button.getAttribute('aria-expanded') === 'true' ? undefined : nameOf(button));
    });
  }
  return open;
}
