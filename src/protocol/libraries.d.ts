/** What src/protocol uses of a library that ships no types. */
declare module 'seek-bzip' {
  interface ByteSource {
    readByte(): number;
    read(buffer: Buffer, offset: number, length: number): number;
    eof(): boolean;
  }
  interface ByteSink {
    writeByte(byte: number): void;
  }
  const Bunzip: {
    /** `multistream`: goes on with the stream that follows. */
    decode(input: ByteSource, output: ByteSink, multistream: boolean): void;
  };
  export default Bunzip;
}
