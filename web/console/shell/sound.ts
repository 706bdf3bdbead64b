// A desk bell, made of two tones. Synthesised, so that there is no file to load.

let context: AudioContext | null = null
let rangAt = 0
const APART_MS = 1_200

export function ring(): void {
  const now = Date.now()
  // A burst of messages is one bell.
  if (now - rangAt < APART_MS || typeof AudioContext === 'undefined') return
  rangAt = now
  context ??= new AudioContext()
  const audio = context
  // Browsers keep audio asleep until the first click; then this wakes it.
  if (audio.state === 'suspended') void audio.resume().catch(() => undefined)
  tone(audio, 1318.5, 0, 0.5)
  tone(audio, 1975.5, 0.07, 0.7)
}

function tone(audio: AudioContext, frequency: number, delay: number, length: number): void {
  const start = audio.currentTime + delay
  const oscillator = audio.createOscillator()
  const gain = audio.createGain()
  oscillator.type = 'sine'
  oscillator.frequency.value = frequency
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(0.14, start + 0.008)
  gain.gain.exponentialRampToValueAtTime(0.0001, start + length)
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(start)
  oscillator.stop(start + length)
}
