package main

import (
	"github.com/chainmail-iot/chainmail/certfactory/cases"
)

// expected says what is expected of a platform, and how hard.
func expected(e cases.Expectation) string {
	return map[cases.Expectation]string{
		cases.Accept:       "must be accepted",
		cases.AcceptShould: "should be accepted",
		cases.Either:       "either way: recorded, neither passed nor failed",
		cases.RefuseShould: "should be refused",
		cases.Refuse:       "must be refused",
	}[e]
}

// specsOf returns the ids of the specs that run a case.
func specsOf(id string) []string {
	var ids []string
	for _, s := range specs() {
		if s.Case == id {
			ids = append(ids, s.ID)
		}
	}
	return ids
}
