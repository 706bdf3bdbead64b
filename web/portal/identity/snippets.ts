// What a developer pastes: how their server signs a token, in the languages most of them write, and how their page hands it over.
// The secret is never in it: it belongs into the server's environment.
import type { IdentityKey } from 'client/types'

export const LANGUAGES = ['node', 'python', 'php', 'rust'] as const
export type Language = (typeof LANGUAGES)[number]
type Key = Pick<IdentityKey, 'id' | 'algorithm'>

export function page(): string {
  return `<script>
  window.frontdesk = window.frontdesk || function () { (frontdesk.q = frontdesk.q || []).push(arguments) }
  frontdesk('identify', async () => (await fetch('/chat-token')).text())
  // Where somebody signs out: frontdesk('logout')
</script>`
}

export function server(language: Language, inbox: string, key: Key): string {
  return WRITERS[language](inbox, key)
}

const secret = ({ algorithm }: Key) => (algorithm === 'HS256' ? 'FRONTDESK_IDENTITY_SECRET' : 'FRONTDESK_IDENTITY_KEY')

const WRITERS: Record<Language, (inbox: string, key: Key) => string> = {
  node: (inbox, key) => `// npm install jose
import { randomUUID } from 'node:crypto'
import { ${key.algorithm === 'HS256' ? 'SignJWT' : 'SignJWT, importPKCS8'} } from 'jose'

${
  key.algorithm === 'HS256'
    ? `const key = new TextEncoder().encode(process.env.${secret(key)})`
    : `const key = await importPKCS8(process.env.${secret(key)}, 'EdDSA')`
}

app.get('/chat-token', async (request, response) => {
  const { id, email, name } = request.user // whoever is signed in
  const token = await new SignJWT({ email, name })
    .setProtectedHeader({ alg: '${key.algorithm}', kid: '${key.id}' })
    .setIssuer('${inbox}')
    .setSubject(String(id)) // sub
    .setIssuedAt()
    .setExpirationTime('10m') // exp, at most an hour
    .setJti(randomUUID()) // jti, fresh each time
    .sign(key)
  response.type('text').send(token)
})`,
  python: (inbox, key) => `# pip install ${key.algorithm === 'HS256' ? 'pyjwt' : '"pyjwt[crypto]"'}
import os, time, uuid, jwt

def chat_token(user):
    now = int(time.time())
    claims = {
        "iss": "${inbox}",
        "sub": str(user.id),
        "iat": now,
        "exp": now + 600,  # at most an hour
        "jti": str(uuid.uuid4()),  # fresh each time
        "email": user.email,
        "name": user.name,
    }
    return jwt.encode(claims, os.environ["${secret(key)}"], algorithm="${key.algorithm}", headers={"kid": "${key.id}"})`,
  php: (inbox, key) => `<?php // composer require firebase/php-jwt
use Firebase\\JWT\\JWT;

function chat_token($user): string {
    $claims = [
        'iss' => '${inbox}',
        'sub' => (string) $user->id,
        'iat' => time(),
        'exp' => time() + 600, // at most an hour
        'jti' => bin2hex(random_bytes(16)), // fresh each time
        'email' => $user->email,
        'name' => $user->name,
    ];
    return JWT::encode($claims, getenv('${secret(key)}'), '${key.algorithm}', '${key.id}');
}`,
  rust: (inbox, key) => `// cargo add jsonwebtoken serde_json uuid --features jsonwebtoken/rust_crypto,uuid/v4
use jsonwebtoken::{encode, Algorithm, EncodingKey, Header};

fn chat_token(user: &User, key: &EncodingKey) -> jsonwebtoken::errors::Result<String> {
    // ${key.algorithm === 'HS256' ? `key: EncodingKey::from_secret(${secret(key)})` : `key: EncodingKey::from_ed_pem(${secret(key)})`}
    let header = Header { kid: Some("${key.id}".into()), ..Header::new(Algorithm::${key.algorithm}) };
    let now = jsonwebtoken::get_current_timestamp();
    let claims = serde_json::json!({
        "iss": "${inbox}",
        "sub": user.id.to_string(),
        "iat": now,
        "exp": now + 600, // at most an hour
        "jti": uuid::Uuid::new_v4(), // fresh each time
        "email": user.email,
        "name": user.name,
    });
    encode(&header, &claims, key)
}`,
}
