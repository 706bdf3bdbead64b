// Passkeys: between the server's JSON, whose binary members are base64url, and what browsers take and give.

export interface PasskeyChallenge {
  challenge: string
  options: unknown
}

/** Whether this browser, at this address, can use passkeys at all. */
export function passkeysWork(): boolean {
  return typeof PublicKeyCredential === 'function' && typeof navigator.credentials?.get === 'function'
}

/** The person closed the browser's dialog, or took too long: no failure to tell them of. */
export function wasDeclined(problem: unknown): boolean {
  return problem instanceof DOMException && (problem.name === 'NotAllowedError' || problem.name === 'AbortError')
}

/** The device is registered already. */
export function wasThereBefore(problem: unknown): boolean {
  return problem instanceof DOMException && problem.name === 'InvalidStateError'
}

export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (char) => char.codePointAt(0) ?? 0)
}

export function toText(bytes: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCodePoint(byte)).join('')
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

interface Named {
  id: string
  type: 'public-key'
  transports?: AuthenticatorTransport[]
}

type Options = Record<string, unknown> & {
  challenge: string
  user?: { id: string; name: string; displayName: string }
  allowCredentials?: Named[]
  excludeCredentials?: Named[]
}

const named = (all: Named[] | undefined) => all?.map((each) => ({ ...each, id: toBytes(each.id) }))

/** Makes a passkey, and gives what the server takes for it. */
export async function createPasskey(asked: unknown): Promise<unknown> {
  const options = asked as Options
  const made = (await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user!, id: toBytes(options.user!.id) },
      excludeCredentials: named(options.excludeCredentials),
    } as unknown as PublicKeyCredentialCreationOptions,
  })) as PublicKeyCredential
  const response = made.response as AuthenticatorAttestationResponse
  return {
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    response: {
      attestationObject: toText(response.attestationObject),
      clientDataJSON: toText(response.clientDataJSON),
      transports: response.getTransports?.() ?? [],
    },
    extensions: {},
  }
}

/** Lets a passkey answer, and gives what the server takes for it. */
export async function askPasskey(asked: unknown): Promise<unknown> {
  const options = asked as Options
  const used = (await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: named(options.allowCredentials),
    } as unknown as PublicKeyCredentialRequestOptions,
  })) as PublicKeyCredential
  const response = used.response as AuthenticatorAssertionResponse
  return {
    id: used.id,
    rawId: toText(used.rawId),
    type: used.type,
    response: {
      authenticatorData: toText(response.authenticatorData),
      clientDataJSON: toText(response.clientDataJSON),
      signature: toText(response.signature),
      userHandle: response.userHandle ? toText(response.userHandle) : null,
    },
    extensions: {},
  }
}
