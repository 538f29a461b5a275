//go:build unix && !race

package eml_test

// manyFiles is the number of files of TestManyFiles.
const manyFiles = 100_000
