/** URLs of servers as they may be shown. */

/** The URL with a mask for its password: of the login, and of options such as `proxyPassword`. */
export function hidePassword(url: string, mask = '***'): string {
  // To the last @: a password that is not escaped is hidden as a whole.
  const hidden = url.replace(/(:\/\/[^:@/?]*):.*@/, `$1:${mask}@`);
  return hidden.replace(/([?&][^=&]*password=)[^&]*/gi, `$1${mask}`);
}
