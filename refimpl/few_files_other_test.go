//go:build !unix

package refimpl_test

import "github.com/chainmail-iot/chainmail/refimpl"

func fewFiles(*refimpl.Config) error { return nil }
