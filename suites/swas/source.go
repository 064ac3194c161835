package swas

import "embed"

// Source is the source of the specs: the proof counts the assertions in it, those too that only a faulty target reaches.
//
//go:embed *.go
var Source embed.FS
