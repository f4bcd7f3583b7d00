/** What the fuzzers begin with, in Base64: an input for each kind of work, and what once found something. */
export const seeds: Readonly<Record<'binding' | 'tls', Readonly<Record<string, string>>>> = {
  binding: {
    'address-4': 'BDEyNy4wLjAuMQ==',
    'address-6': 'BGZlODA6OjElbG8=',
    'address-path':
      'BC90bXAveHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4',
    certificate:
      'CDCCAW8wggEVoAMCAQICAQEwCgYIKoZIzj0EAwIwHjEcMBoGA1UEAwwTbW90ZSB0ZXN0IGF1dGhvcml0eTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHjEcMBoGA1UEAwwTbW90ZSB0ZXN0IGF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGwKXN3R9lNicYQGx+BM/cOQ43/RIb57tKI65KZhTsNXFeBsgmzkQ3iLavY3sfjMygz+DznS0FHnMlBfaASUbGqjQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgIEMB0GA1UdDgQWBBT86d+thDPsif7IiG8yV6zkTXotlzAKBggqhkjOPQQDAgNIADBFAiBgJZg0+gZLE4K/mkOMZshuYSS9Myv8QVzvq83g5AXgNgIhAOuEbIZTT6936sNlMr2zs8QnGcBkcGsCx487Dja4KwSw',
    'deflate-dynamic': 'Av8Py0jNyclXyEAndRRSUtNyEktSMaWGpwIA',
    'deflate-fixed': 'AiAAy0jNyclXyACTaZkVqSkA',
    'deflate-stored': 'AiAAAQYA+f9zdG9yZWQ=',
    encodings: 'AWFHVnNiRzg9Xy0rLyAwYTFiWlog7aCA8J+YgA==',
    hash: 'BwQFa2V5IGFuZCBzb21lIHRleHQ=',
    head: 'AyBIVFRQLzEuMSAyMDAgT0sNClg6IMOpDQoNCnRoZSBib2R5',
    path: 'Bi9wcm9jL3NlbGYvZXhl',
    'path-nul': 'Bi9wcm9jAC9zZWxm',
    position: 'BQAEYWJjZGVmZ2gNCg0K',
    text: 'AGjDqWxsbyDwn5iAIO2ggCDAryDigg==',
  },
  tls: {
    address: 'AgIA',
    'changed-hello': 'AQMBAAkA/w==',
    'cut-12': 'AQABAQADAA==',
    'empty-records-12': 'CQAA',
    'empty-records-13': 'CAAA',
    'expired-12': 'IQAA',
    inserted: 'AQABACgCFBUDAwACAQAVAwMAAgEAFQMDAAIBAA==',
    'no-server': 'BAAAFQMDAAICKA==',
    other: 'EAAA',
    'plain-12': 'AQAA',
    'plain-13': 'AAAA',
    released: 'gAAA',
    'removed-13': 'AAABAGABBQ==',
    unknown: 'QAEA',
  },
};
