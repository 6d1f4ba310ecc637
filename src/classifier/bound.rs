//! How high a share may truly be when so few trials showed it (Clopper and Pearson 1934).

/// How sure it is that the true share is at most `share` when `hits` of `trials` were seen: where this is 0.9, the upper end of the
/// one-sided 90 % interval is `share`. Both may be fractions, as weighted trials are. 0 without trials.
pub fn confidence(hits: f64, trials: f64, share: f64) -> f64 {
    if trials <= hits || trials <= 0.0 { 0.0 } else { incomplete_beta(hits + 1.0, trials - hits, share) }
}

/// The regularised incomplete beta function, by Lentz's continued fraction (Numerical Recipes 6.4).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, 1.0 - x) / b
    }
}

#[allow(clippy::many_single_char_names)] // As the formula has them.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let floor = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = floor(1.0 - (a + b) * x / (a + 1.0)).recip();
    let mut result = d;
    for m in 1..500 {
        let m = f64::from(m);
        for numerator in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = floor(1.0 + numerator * d).recip();
            c = floor(1.0 + numerator / c);
            result *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-12 {
            break;
        }
    }
    result
}

/// Stirling's series, after the argument is raised above ten.
fn ln_gamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 10.0 {
        below -= x.ln();
        x += 1.0;
    }
    let inverse = x.recip();
    let square = inverse * inverse;
    below + (x - 0.5) * x.ln() - x
        + 0.5 * std::f64::consts::TAU.ln()
        + inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Without a hit the upper end is known in closed form: 1 - (1 - confidence)^(1/n).
        for n in [1.0, 20.0, 300.0, 20_000.0] {
            let upper = 1.0 - 0.05_f64.powf(1.0 / n);
            assert!((confidence(0.0, n, upper) - 0.95).abs() < 1e-9, "{n}");
        }
        // Published two-sided 95 % intervals end where one-sided 97.5 % ones do.
        assert!((confidence(5.0, 100.0, 0.1128) - 0.975).abs() < 1e-3);
        assert!((confidence(1.0, 10.0, 0.4450) - 0.975).abs() < 1e-3);
    }

    #[test]
    fn more_trials_are_surer_and_none_are_not() {
        assert!(confidence(2.0, 100.0, 0.05) < confidence(20.0, 1000.0, 0.05));
        assert!(confidence(60.0, 1000.0, 0.05) < 0.5);
        assert!(confidence(0.0, 0.0, 0.05).abs() < f64::EPSILON);
        assert!(confidence(7.0, 7.0, 0.05).abs() < f64::EPSILON);
    }
}
