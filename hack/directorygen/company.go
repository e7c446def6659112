package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// company is a directory before it has any form.
type company struct {
	departments []department // parents first
	people      []person     // managers first
}

type department struct {
	name   string // unique in the company
	city   string
	parent int // index, or -1
	leader int // index of a person, or -1
}

type person struct {
	login, fullName, family, given string
	language                       string
	number                         int // of the employee, from 1
	title, kind                    string
	phone, mobile, room            string
	departments                    []int // the main one first
	manager                        int   // index, or -1
}

// generate makes a company; the same arguments give the same one.
func generate(seed uint64, people, departments int) company {
	random := rand.New(rand.NewPCG(seed, 0))
	var c company
	c.addDepartments(departments)
	logins := map[string]int{}
	for i := range people {
		p := newPerson(random, i)
		logins[p.login]++
		if n := logins[p.login]; n > 1 {
			p.login = fmt.Sprintf("%s%d", p.login, n)
		}
		c.place(random, i, &p)
		c.people = append(c.people, p)
	}
	return c
}

// addDepartments makes a tree in which every department of the first two levels has as many below it as there are on
// the first; the third level takes what is left.
func (c *company) addDepartments(count int) {
	width := 1
	for width+width*width+width*width*width < count {
		width++
	}
	children := map[int]int{}
	for i := range count {
		d := department{parent: -1, leader: -1}
		if i >= width {
			d.parent = (i - width) / width
		}
		d.name, d.city = c.departmentName(d.parent, children[d.parent])
		children[d.parent]++
		c.departments = append(c.departments, d)
	}
}

// departmentName names the nth department below a parent.
func (c *company) departmentName(parent, n int) (name, city string) {
	switch {
	case parent < 0:
		return numbered(divisions, n), cities[0]
	case c.departments[parent].parent < 0:
		city = numbered(cities, n)
		return c.departments[parent].name + " " + city, city
	default:
		return fmt.Sprintf("%s %d", c.departments[parent].name, n+1), c.departments[parent].city
	}
}

// numbered goes round the list, with a number from the second round on.
func numbered(list []string, n int) string {
	if round := n / len(list); round > 0 {
		return fmt.Sprintf("%s %d", list[n%len(list)], round+1)
	}
	return list[n]
}

func newPerson(random *rand.Rand, index int) person {
	p := person{
		number:  index + 1,
		title:   pick(random, titles),
		kind:    "staff",
		phone:   fmt.Sprintf("+86 10 %04d %04d", random.IntN(10000), random.IntN(10000)),
		mobile:  fmt.Sprintf("+86 13%d %04d %04d", random.IntN(10), random.IntN(10000), random.IntN(10000)),
		room:    fmt.Sprintf("%c-%d%02d", 'A'+rune(random.IntN(4)), 1+random.IntN(12), 1+random.IntN(30)),
		manager: -1,
	}
	if random.IntN(8) == 0 {
		p.kind = "contractor"
	}
	if random.IntN(5) < 3 {
		family, given := pick(random, chineseFamilies), pick(random, chineseGivens)
		p.family, p.given, p.fullName = family.written, given.written, family.written+given.written
		p.login, p.language = family.spelled+"."+given.spelled, "zh-CN"
		return p
	}
	p.family, p.given = pick(random, westernFamilies), pick(random, westernGivens)
	p.fullName, p.language = p.given+" "+p.family, "en"
	p.login = strings.ToLower(letters.Replace(p.given) + "." + letters.Replace(p.family))
	return p
}

// place gives a person departments and a manager. The first in a department leads it.
func (c *company) place(random *rand.Rand, index int, p *person) {
	main := index % len(c.departments) // every department has people before one has two
	if index >= len(c.departments) {
		main = random.IntN(len(c.departments))
	}
	p.departments = []int{main}
	if other := random.IntN(len(c.departments)); random.IntN(10) == 0 && other != main {
		p.departments = append(p.departments, other)
	}
	d := &c.departments[main]
	if d.leader < 0 {
		d.leader = index
		if d.parent >= 0 {
			p.manager = c.departments[d.parent].leader
		}
		return
	}
	p.manager = d.leader
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }
