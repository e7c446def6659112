package spool

import (
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// codec compresses and decompresses whole blocks. It keeps no state between blocks and serves all spools.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// shared makes the codec when the first spool needs it. Two encoders, because source and target are read at the same time.
// Checksums are left out: blocks never leave this process.
var shared = sync.OnceValues(func() (*codec, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.IgnoreChecksum(true))
	if err != nil {
		return nil, err
	}
	return &codec{encoder, decoder}, nil
})

// compress returns the block in as little memory as it needs.
func (c *codec) compress(block []byte) []byte {
	return slices.Clone(c.encoder.EncodeAll(block, make([]byte, 0, len(block)/2)))
}

// decompress appends the block to buffer[:0].
func (c *codec) decompress(block, buffer []byte) ([]byte, error) {
	return c.decoder.DecodeAll(block, buffer[:0])
}
