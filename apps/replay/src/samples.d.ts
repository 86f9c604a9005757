// Recorded runs are bundled as text.
declare module '*.jsonl' {
  const text: string
  export default text
}
