package stage_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chainmail-iot/chainmail/refimpl/stage"
)

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k stage.Knobs
		if err := k.Set(stage.Settings{stage.Token: {Delay: 3 * time.Second}}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		k.Wait(nil, stage.Connack)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("another stage was held up for %v", waited)
		}
		k.Wait(nil, stage.Token)
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("held up for %v", waited)
		}
	})
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k stage.Knobs
		if err := k.Set(stage.Settings{stage.HTTP: {Stalled: true}}); err != nil {
			t.Fatal(err)
		}
		began, waited := time.Now(), make(chan time.Duration, 3)
		for range 2 {
			go func() {
				k.Wait(nil, stage.HTTP)
				waited <- time.Since(began)
			}()
		}
		time.Sleep(time.Minute) // no time at all, in here
		if err := k.Set(nil); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := <-waited; got != time.Minute {
				t.Errorf("stalled for %v", got)
			}
		}
	})
}

func TestDoneEndsAWait(t *testing.T) {
	for _, setting := range []stage.Setting{{Stalled: true}, {Delay: time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			var k stage.Knobs
			if err := k.Set(stage.Settings{stage.Accept: setting}); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			time.AfterFunc(time.Second, func() { close(done) })
			began := time.Now()
			k.Wait(done, stage.Accept)
			if waited := time.Since(began); waited != time.Second {
				t.Errorf("%+v: waited %v", setting, waited)
			}
		})
	}
}

func TestSetRefusesNonsense(t *testing.T) {
	var k stage.Knobs
	err := k.Set(stage.Settings{"nowhere": {}, stage.HTTP: {Delay: -1}})
	if err == nil || !strings.Contains(err.Error(), `"nowhere"`) || !strings.Contains(err.Error(), "negative") {
		t.Errorf("got %v, want both faults", err)
	}
	if len(k.Settings()) != 0 {
		t.Error("refused settings are in force")
	}
}
