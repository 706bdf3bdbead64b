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
  leave: 'Leave a message',
  write: 'Write your message…',
  keep: 'Leave message',
  kept: (n: number) =>
    n === 1
      ? 'Your message is kept on this device and is sent as soon as we can be reached.'
      : `${n} messages are kept on this device and are sent as soon as we can be reached.`,
  keptHere: 'Please leave this page open: your message is sent as soon as we can be reached.',
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
  leave: '给我们留言',
  write: '请输入留言…',
  keep: '提交留言',
  kept: (n) => `已在此设备上保存 ${n} 条留言，恢复连接后会自动发送。`,
  keptHere: '请不要关闭此页面，恢复连接后会自动发送您的留言。',
}

export type LoaderText = typeof en

export function loaderText(locale: string): LoaderText {
  return /^zh\b/i.test(locale) ? zh : en
}
