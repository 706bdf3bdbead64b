// A picture made small enough to come with every page: at most 128 points to a side, and 32 KiB.
const SIDE = 128
const LARGEST = 32 * 1024

/** As a `data:` address; null when it is no picture, or none that becomes small enough. */
export async function shrunk(file: File): Promise<string | null> {
  try {
    const picture = await createImageBitmap(file)
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(picture.width * scale))
    canvas.height = Math.max(1, Math.round(picture.height * scale))
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
    const tries = [
      canvas.toDataURL('image/png'),
      canvas.toDataURL('image/webp', 0.85),
      canvas.toDataURL('image/jpeg', 0.7),
    ]
    return tries.find((address) => address.length <= LARGEST) ?? null
  } catch {
    return null
  }
}
