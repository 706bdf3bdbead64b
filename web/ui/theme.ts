// Frontdesk's own look: ink-blue accent, cool neutral greys, dense controls. Colours that depend on the scheme are in theme.css.
import {
  ActionIcon,
  Alert,
  Avatar,
  Badge,
  Button,
  createTheme,
  Drawer,
  Kbd,
  Menu,
  Modal,
  Popover,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  Tooltip,
} from '@mantine/core'

const ink: MantineColorsTuple = [
  '#f2f4fe',
  '#e3e8fd',
  '#c8d1fa',
  '#a9b6f5',
  '#8998ee',
  '#6c7de6',
  '#5161d6',
  '#414fbd',
  '#353f99',
  '#2a3276',
]
const gray: MantineColorsTuple = [
  '#f8f8fa',
  '#f1f1f4',
  '#e8e8ed',
  '#dcdce3',
  '#c5c6cf',
  '#a1a3ae',
  '#696b76',
  '#4a4c57',
  '#2f313a',
  '#1b1c22',
]
const dark: MantineColorsTuple = [
  '#e6e7eb',
  '#b9bcc5',
  '#a5a8b4',
  '#5f626e',
  '#373944',
  '#2c2e37',
  '#23252d',
  '#18191f',
  '#131419',
  '#0e0f13',
]
const amber: MantineColorsTuple = [
  '#fff9eb',
  '#fdf0d0',
  '#fae2a6',
  '#f6d078',
  '#f2bf4e',
  '#e5a727',
  '#b97f0e',
  '#8f5f0b',
  '#6b470b',
  '#4a3209',
]

const FONT = [
  "'Inter Variable'",
  '-apple-system',
  'BlinkMacSystemFont',
  "'Segoe UI'",
  "'PingFang SC'",
  "'Hiragino Sans GB'",
  "'Microsoft YaHei'",
  "'Noto Sans CJK SC'",
  "'Noto Sans SC'",
  'sans-serif',
].join(', ')

export const theme = createTheme({
  primaryColor: 'ink',
  // White on shade 5 would miss AA.
  primaryShade: 6,
  colors: { ink, gray, dark, amber },
  white: '#ffffff',
  black: '#1b1c22',
  fontFamily: FONT,
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Noto Sans Mono CJK SC', monospace",
  headings: {
    fontFamily: FONT,
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.625rem', lineHeight: '1.25' },
      h2: { fontSize: '1.25rem', lineHeight: '1.3' },
      h3: { fontSize: '1.0625rem', lineHeight: '1.35' },
      h4: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '20px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  shadows: {
    xs: '0 1px 1px rgb(20 22 40 / 4%)',
    sm: '0 1px 2px rgb(20 22 40 / 6%), 0 1px 1px rgb(20 22 40 / 4%)',
    md: '0 4px 12px rgb(20 22 40 / 8%), 0 1px 3px rgb(20 22 40 / 6%)',
    lg: '0 10px 30px rgb(20 22 40 / 12%), 0 2px 8px rgb(20 22 40 / 6%)',
    xl: '0 20px 50px rgb(20 22 40 / 18%), 0 4px 14px rgb(20 22 40 / 8%)',
  },
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    // A title in the alert's own colour would miss AA on its tint.
    Alert: Alert.extend({ styles: { title: { color: 'var(--mantine-color-text)' } } }),
    Avatar: Avatar.extend({ defaultProps: { radius: 'xl' } }),
    Badge: Badge.extend({ defaultProps: { radius: 'sm', tt: 'none', fw: 550 } }),
    Button: Button.extend({ styles: { label: { fontWeight: 550 } } }),
    Drawer: Drawer.extend({ defaultProps: { overlayProps: { backgroundOpacity: 0.35 } } }),
    Kbd: Kbd.extend({ defaultProps: { size: 'xs' } }),
    Menu: Menu.extend({
      defaultProps: {
        shadow: 'lg',
        radius: 'md',
        offset: 6,
        transitionProps: { transition: 'pop', duration: 90 },
        // The placeholder is a focusable element that a menu must not contain.
        withInitialFocusPlaceholder: false,
      },
    }),
    Modal: Modal.extend({
      defaultProps: {
        radius: 'lg',
        shadow: 'xl',
        overlayProps: { backgroundOpacity: 0.35 },
        transitionProps: { duration: 120 },
      },
      styles: { title: { fontWeight: 620, fontSize: '1rem' } },
    }),
    Popover: Popover.extend({ defaultProps: { shadow: 'lg', radius: 'md' } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 350, withArrow: false, fz: 'xs', px: 8, py: 4, offset: 6 } }),
  },
})

/** Mantine's own greys for dimmed text miss AA on our surfaces; ours do not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': 'var(--mantine-color-gray-6)',
    '--mantine-color-default-border': 'var(--mantine-color-gray-3)',
    '--mantine-color-error': '#c4283c',
  },
  dark: {
    '--mantine-color-dimmed': 'var(--mantine-color-dark-2)',
    '--mantine-color-default-border': 'var(--mantine-color-dark-4)',
    '--mantine-color-error': '#ff8a94',
    // Mantine takes the shade five below ours, which is nearly white: a warning would look like any other word.
    '--mantine-color-red-light-color': '#ff8a94',
    '--mantine-color-ink-light-color': ink[3],
  },
})
