// Buttons that copy a text, and say for a moment that they did.

/** `button` copies what `text` gives; `said` is read aloud. */
export function copies(button, said, text) {
  button.addEventListener('click', async () => {
    const label = button.textContent;
    const isCopied = await copy(text());
    said.textContent = isCopied ? 'Copied' : 'Your browser does not let this page copy';
    button.textContent = isCopied ? 'Copied' : 'Not copied';
    setTimeout(() => {
      button.textContent = label;
      said.textContent = '';
    }, 1500);
  });
}

/** Without TLS, pages of other machines have no `navigator.clipboard`. */
async function copy(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement('textarea');
  area.value = text;
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  focused?.focus();
  return isCopied;
}
