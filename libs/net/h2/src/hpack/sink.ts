/** What a decoder calls with the fields of a block, in their order. */
export interface HpackSink {
  /**
   * One field; names and values are latin1 text, one character for each byte.
   * @param wellFormed the name is one of RFC 9113 section 8.2.1 (lower-case token, with `:` before it for pseudo headers)
   *   and the value holds no control character but HTAB. Judged once where the field is decoded and kept with the
   *   table's entries, so that a sink needs not look at fields again that come out of the table.
   */
  field(name: string, value: string, wellFormed: boolean): void;
}
