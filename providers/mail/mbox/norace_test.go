//go:build unix && !race

package mbox_test

// bigFile is the size in bytes of TestABigFile.
const bigFile = 1 << 30
