import { describe, expect, it } from 'vitest'
import { badWebhook } from '../../../schema/api/webhook-address.ts'

describe('a webhook', () => {
  it.each([
    'https://hooks.slack.com/services/T0/B0/x',
    'https://discord.com/api/webhooks/1/x',
    'https://hooks.example.com:8443/x?y=z',
    'https://8.8.8.8/x',
    'https://172.15.0.1/',
    'https://172.32.0.1/',
    'https://100.128.0.1/',
    'https://[2606:4700::1111]/x',
    'https://localhost.example.com/',
    'https://xn--bcher-kva.example/',
  ])('may be %s', url => {
    expect(badWebhook(url)).toBeNull()
  })

  it.each(['http://localhost:3000/x', 'http://127.0.0.1/', 'http://[::1]:9/'])(
    'may be %s, on the machine of a developer',
    url => {
      expect(badWebhook(url)).toBeNull()
    },
  )

  it.each([
    '',
    'hooks',
    '//hooks.example.com',
    'http://hooks.example.com/',
    'ftp://hooks.example.com/',
    'javascript:alert(1)',
    'data:text/plain,x',
    'https://user@hooks.example.com/',
    'https://:secret@hooks.example.com/',
    'http://user:x@localhost/',
    'https://hooks.example.com:22/',
    'https://hooks.example.com:80/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://a.localhost/',
    'https://printer.local/',
    'https://metadata.google.internal/',
    'https://router.lan/',
    'https://intranet/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://1/',
    'https://127。0。0。1/',
    'https://１２７.0.0.1/',
    'https://10.1.2.3/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://192.0.2.1/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[::7f00:1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://[2001::1]/',
    'https://[2001:db8::1]/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[ff02::1]/',
  ])('may not be %s', url => {
    expect(badWebhook(url)).not.toBeNull()
  })
})
