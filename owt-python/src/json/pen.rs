//! Writes short texts, such as numbers, behind another one. Where that ends stays at hand: to ask
//! it again for each of a million numbers takes longer than to write them.

/// Text up to this length is written in blocks.
pub const SHORT: usize = 32;

/// Writes behind a text, which has what was written when this goes.
pub struct Pen<'a> {
    out: &'a mut Vec<u8>,
    start: *mut u8,
    length: usize,
    capacity: usize,
}

impl<'a> Pen<'a> {
    #[inline(always)]
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        let (start, length, capacity) = (out.as_mut_ptr(), out.len(), out.capacity());
        Self { out, start, length, capacity }
    }

    /// How long the text is now.
    #[inline(always)]
    pub fn length(&self) -> usize {
        self.length
    }

    #[inline(always)]
    pub fn byte(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    /// A copy whose size the compiler knows is quicker than one of any size, so it is made of two
    /// that may overlap.
    #[inline(always)]
    pub fn put(&mut self, text: &[u8]) {
        let size = text.len();
        self.make_room(size.max(SHORT));
        // SAFETY: there is room for all of the text.
        unsafe {
            let to = self.start.add(self.length);
            match size {
                33.. => std::ptr::copy_nonoverlapping(text.as_ptr(), to, size),
                16.. => ends::<16>(to, text),
                8.. => ends::<8>(to, text),
                4.. => ends::<4>(to, text),
                2.. => ends::<2>(to, text),
                1 => *to = *text.as_ptr(),
                0 => {}
            }
        }
        self.length += size;
    }

    /// Writes a number, two digits at a time. To copy what `itoa` made would wait for each of its
    /// stores, which are narrower than what is then loaded, and takes twice as long.
    #[inline(always)]
    pub fn digits(&mut self, number: u64) {
        let size = number.checked_ilog10().unwrap_or_default() as usize + 1;
        self.make_room(SHORT);
        let (mut rest, mut at) = (number, size);
        // SAFETY: there is room for 32 digits, and a word has 20 at most. Each turn takes two of
        // them from the end, and leaves one or two.
        unsafe {
            let to = self.start.add(self.length);
            while rest >= 100 {
                at -= 2;
                to.add(at).cast::<[u8; 2]>().write_unaligned(pair(rest % 100));
                rest /= 100;
            }
            if at == 2 {
                to.cast::<[u8; 2]>().write_unaligned(pair(rest));
            } else {
                *to = b'0' + rest as u8;
            }
        }
        self.length += size;
    }

    #[inline(always)]
    fn make_room(&mut self, more: usize) {
        if self.capacity - self.length < more {
            (self.start, self.capacity) = grown(self.out, self.length, more);
        }
    }
}

/// The digits of each number below 100.
#[allow(clippy::indexing_slicing, reason = "done by the compiler, which refuses what is beyond it")]
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

#[inline(always)]
fn pair(number: u64) -> [u8; 2] {
    PAIRS.get(number as usize).copied().unwrap_or_default()
}

impl Drop for Pen<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: so much has been written.
        unsafe { self.out.set_len(self.length) }
    }
}

/// Where the text is that has room for so much more behind that length, and all its room.
#[cold]
fn grown(out: &mut Vec<u8>, length: usize, more: usize) -> (*mut u8, usize) {
    // SAFETY: so much has been written.
    unsafe { out.set_len(length) };
    out.reserve(more);
    (out.as_mut_ptr(), out.capacity())
}

/// Copies so many bytes of the beginning and as many of the end, which make up the whole text.
///
/// # Safety
/// There is room for the text, which has at least so many bytes and at most twice as many.
#[inline(always)]
unsafe fn ends<const SIZE: usize>(to: *mut u8, text: &[u8]) {
    let from = text.as_ptr();
    let last = text.len() - SIZE;
    // SAFETY: both blocks are within the text and the room.
    unsafe {
        to.cast::<[u8; SIZE]>().write_unaligned(from.cast::<[u8; SIZE]>().read_unaligned());
        let end = from.add(last).cast::<[u8; SIZE]>().read_unaligned();
        to.add(last).cast::<[u8; SIZE]>().write_unaligned(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_length_is_copied_whole() {
        for length in 0..100 {
            let text: Vec<u8> = (b'0'..).take(length).collect();
            let mut out = b"before".to_vec();
            let mut pen = Pen::new(&mut out);
            pen.put(&text);
            pen.byte(b',');
            assert_eq!(pen.length(), length + 7);
            drop(pen);
            assert_eq!(out, [b"before", &*text, b","].concat());
        }
    }

    #[test]
    fn numbers_are_written_digit_by_digit() {
        let powers = (0..20).map(|power| 10_u64.pow(power));
        let edges = powers.flat_map(|power| [power - 1, power, power + 1]);
        for number in edges.chain(0..1100).chain([123_456_789, u64::MAX]) {
            let mut out = b"before".to_vec();
            Pen::new(&mut out).digits(number);
            assert_eq!(String::from_utf8(out).unwrap(), format!("before{number}"));
        }
    }

    #[test]
    fn a_text_grows_with_what_is_written() {
        let mut out = Vec::new();
        let mut pen = Pen::new(&mut out);
        (0..1000).for_each(|_| pen.put(b"0123456789"));
        drop(pen);
        assert_eq!(out, b"0123456789".repeat(1000));
    }
}
