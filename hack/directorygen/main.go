// Command directorygen writes a made-up company directory as LDIF: the same bytes for the same flags.
//
//	directorygen -users 300 -departments 24 -seed 1 >source.ldif
//
// Departments are organizational units in a tree of three levels; people stand together, and departmentNumber names their
// departments by DN, the main one first. Names are Chinese and Western. The demo and the benchmarks read it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
)

func main() {
	users := flag.Int("users", 300, "how many people")
	departments := flag.Int("departments", 24, "how many departments")
	seed := flag.Uint64("seed", 1, "another seed gives another company")
	suffix := flag.String("suffix", "dc=example,dc=com", "the base of the directory, of the form dc=...")
	flag.Parse()
	if *users < 0 || *departments < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "directorygen needs at least one department, and people or none; it takes flags only")
		os.Exit(2)
	}
	out := bufio.NewWriter(os.Stdout)
	err := writeLDIF(out, *suffix, generate(*seed, *users, *departments))
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "writing the directory:", err)
		os.Exit(1)
	}
}
