/** URLs of servers as they may be shown. */

/** A URL, or several with `;` between them, with a mask for each password: of the login, and of options. */
export function hidePassword(urls: string, mask = '***'): string {
  return urls
    .split(/;(?=[a-z]*:\/\/)/)
    .map((url) => hideIn(url, mask))
    .join(';');
}

/** Options are such as `proxyPassword`. */
function hideIn(url: string, mask: string): string {
  // To the last @: a password that is not escaped is hidden as a whole.
  const hidden = url.replace(/(:\/\/[^:@/?]*):.*@/, `$1:${mask}@`);
  return hidden.replace(/([?&][^=&]*password=)[^&]*/gi, `$1${mask}`);
}
