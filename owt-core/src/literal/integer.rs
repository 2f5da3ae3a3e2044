//! Integers of any size, from their decimal digits.

use std::fmt::Write;

/// The most decimal digits that Python reads by default (`sys.int_info`); hexadecimal has no limit.
pub(super) const MOST_DIGITS: usize = 4300;

/// How many decimal digits one limb takes in a step.
const STEP: usize = 9;

/// Writes a number as JSON has it: an integer that Python would refuse for its length in
/// hexadecimal, anything else as it is.
pub(super) fn write_number(out: &mut String, number: &str) {
    let digits = number.strip_prefix('-').unwrap_or(number);
    if digits.len() <= MOST_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        out.push_str(number);
        return;
    }
    if digits.len() < number.len() {
        out.push('-');
    }
    write_hexadecimal(out, digits.as_bytes());
}

fn write_hexadecimal(out: &mut String, digits: &[u8]) {
    // The lowest limb first.
    let mut limbs: Vec<u32> = Vec::new();
    for part in digits.chunks(STEP) {
        let mut carry = part.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let scale = part.iter().fold(1, |scale: u64, _| scale * 10);
        for limb in &mut limbs {
            let sum = u64::from(*limb) * scale + carry;
            (*limb, carry) = (low(sum), sum >> 32);
        }
        if carry > 0 {
            limbs.push(low(carry));
        }
    }
    let mut limbs = limbs.into_iter().rev();
    // Writing to a String does not fail.
    let _ = write!(out, "{:#x}", limbs.next().unwrap_or_default());
    for limb in limbs {
        let _ = write!(out, "{limb:08x}");
    }
}

/// The lower half of a limb's sum.
fn low(sum: u64) -> u32 {
    u32::try_from(sum & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}
