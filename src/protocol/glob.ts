/** A regular expression's source for shell wildcards as Python's fnmatch reads them: `*`, `?`, `[seq]`, `[!seq]`. */
export function globSource(pattern: string): string {
  return pattern.replace(/\*|\?|\[(!?)(\]?[^\]]*)\]|[^*?[]|\[/gs, (token, negation: string, set: string) => {
    if (token === '*') return '.*';
    if (token === '?') return '.';
    if (set === undefined) return token.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
    return `[${negation && '^'}${set.replace(/[\\\]^]/g, '\\$&')}]`;
  });
}
