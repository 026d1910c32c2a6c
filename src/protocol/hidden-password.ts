/** URLs of servers as they may be shown. */

/** A URL, or several with `;` between them, with a mask for each password: of the login, and of options. */
export function hidePassword(urls: string, mask = '***'): string {
  return urls
    .split(/;(?=[a-z]*:\/\/)/)
    .map((url) => hideIn(url, mask))
    .join(';');
}

/** A text of whatever kind, with a mask for the passwords of the URLs in it. */
export function hidePasswordsIn(text: string): string {
  return text.includes('://') ? text.replace(URL_IN_TEXT, (url) => hidePassword(url, MASK)) : text;
}

/** Celery's mask. */
export const MASK = '********';

/** Up to what cannot be in a URL; a password that is not escaped may hold much that should not be. */
const URL_IN_TEXT = /\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'<>\\]+/gi;

/** Options are such as `proxyPassword`, and `authMechanismProperties=AWS_SESSION_TOKEN:…`. */
function hideIn(url: string, mask: string): string {
  // To the last @: a password that is not escaped is hidden as a whole.
  const hidden = url.replace(/(:\/\/[^:@/?]*):.*@/, `$1:${mask}@`);
  return hidden.replace(/([?&][^=&]*(?:password|token|secret|authMechanismProperties)=)[^&]*/gi, `$1${mask}`);
}
