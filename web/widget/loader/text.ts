// The few words the launcher itself says.

const en = {
  open: 'Open chat',
  close: 'Close chat',
  frame: 'Chat',
  unread: (n: number) => (n === 1 ? '1 unread message' : `${n} unread messages`),
  arrived: 'New message in the chat',
  loading: 'Opening the chat…',
  failed: 'The chat cannot be reached right now.',
  hint: 'Please check your connection and try again.',
  retry: 'Try again',
}

const zh: typeof en = {
  open: '打开聊天',
  close: '关闭聊天',
  frame: '在线客服',
  unread: (n) => `${n} 条未读消息`,
  arrived: '聊天有新消息',
  loading: '正在打开聊天…',
  failed: '暂时无法连接客服。',
  hint: '请检查网络后重试。',
  retry: '重试',
}

export type LoaderText = typeof en

export function loaderText(locale: string): LoaderText {
  return /^zh\b/i.test(locale) ? zh : en
}
