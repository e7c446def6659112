package main

import (
	"fmt"
	"slices"
)

// alternate measures each of several things in turn, again and again: what else the machine does falls on all of them. The answer has a
// list of samples for each.
func alternate(rounds int, things ...func() (sample, error)) ([][]sample, error) {
	samples := make([][]sample, len(things))
	for range rounds {
		for i, measure := range things {
			s, err := measure()
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], s)
		}
	}
	return samples, nil
}

// What is looked at in a sample.
func wall(s sample) float64    { return s.Wall }
func cpu(s sample) float64     { return s.CPU }
func allCPU(s sample) float64  { return s.CPU + s.servers }
func peak(s sample) float64    { return float64(s.Peak) / (1 << 20) }
func loading(s sample) float64 { return s.Phases["load"].Wall }

// phase is the time of a phase.
func phase(name string) func(sample) float64 {
	return func(s sample) float64 { return s.Phases[name].Wall }
}

// spread is the median of several figures, and the smallest and largest.
type spread struct{ least, median, most float64 }

func spreadOf(figures []float64) spread {
	sorted := slices.Sorted(slices.Values(figures))
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = (middle + sorted[len(sorted)/2-1]) / 2
	}
	return spread{sorted[0], middle, sorted[len(sorted)-1]}
}

func each(samples []sample, of func(sample) float64) spread {
	figures := make([]float64, len(samples))
	for i, s := range samples {
		figures[i] = of(s)
	}
	return spreadOf(figures)
}

// ratio compares two things round by round.
func ratio(a []sample, ofA func(sample) float64, b []sample, ofB func(sample) float64) spread {
	figures := make([]float64, len(a))
	for i := range a {
		figures[i] = ofA(a[i]) / ofB(b[i])
	}
	return spreadOf(figures)
}

// String gives the median, and the range where there is one.
func (s spread) String() string {
	if s.least == s.most {
		return fmt.Sprintf("%.2f", s.median)
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.median, s.least, s.most)
}
