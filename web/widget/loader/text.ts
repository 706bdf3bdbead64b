// The few words the launcher itself says.

const en = {
  open: 'Open chat',
  close: 'Close chat',
  frame: 'Chat',
  unread: (n: number) => (n === 1 ? '1 unread message' : `${n} unread messages`),
  arrived: 'New message in the chat',
  loading: 'Opening the chat…',
  failed: 'We cannot be reached right now',
  hint: 'Please check your connection and try again.',
  others: 'We keep trying. You can also reach us here:',
  retry: 'Try again',
}

const zh: typeof en = {
  open: '打开聊天',
  close: '关闭聊天',
  frame: '在线客服',
  unread: (n) => `${n} 条未读消息`,
  arrived: '聊天有新消息',
  loading: '正在打开聊天…',
  failed: '暂时无法联系到我们',
  hint: '请检查网络后重试。',
  others: '我们会继续尝试连接，您也可以通过以下方式联系我们：',
  retry: '重试',
}

export type LoaderText = typeof en

export function loaderText(locale: string): LoaderText {
  return /^zh\b/i.test(locale) ? zh : en
}
