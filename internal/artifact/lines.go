package artifact

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// MaxLine is the longest line that is written or read: the change of a department with tens of thousands of members.
const MaxLine = 8 << 20

func checkLine(line []byte) error {
	if len(line) > MaxLine {
		return fmt.Errorf("a line has %d bytes and %d are the most", len(line), MaxLine)
	}
	if bytes.IndexByte(line, '\n') >= 0 {
		return errors.New("a line holds a line end")
	}
	return nil
}

// Lines gives the lines of r without their ends. A line is good until the next one is taken. An error ends the lines: check it before
// the line. Stop by breaking. A last line without an end is an error, since every line is written with one.
func Lines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		reader := bufio.NewReaderSize(r, 64<<10)
		var long []byte
		for number := 1; ; number++ {
			line, err := readLine(reader, &long)
			switch {
			case errors.Is(err, io.EOF) && len(line) == 0:
				return
			case errors.Is(err, io.EOF):
				yield(nil, fmt.Errorf("line %d: %w: the stream ends within it", number, ErrCorrupt))
				return
			case err != nil:
				yield(nil, fmt.Errorf("line %d: %w", number, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// readLine gives the next line without its end. Only lines that do not fit the reader's buffer are copied, into long.
func readLine(reader *bufio.Reader, long *[]byte) ([]byte, error) {
	part, err := reader.ReadSlice('\n')
	if err == nil {
		return part[:len(part)-1], nil
	}
	*long = append((*long)[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(*long) > MaxLine {
			return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrCorrupt, MaxLine)
		}
		part, err = reader.ReadSlice('\n')
		*long = append(*long, part...)
	}
	if err != nil {
		return *long, err
	}
	return (*long)[:len(*long)-1], nil
}
